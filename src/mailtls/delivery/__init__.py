"""The test message: sent over a judged session, looked for by its nonce, and what its headers say."""
