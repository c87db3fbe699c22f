"""Questions asked of live servers and the evidence that answers them."""
