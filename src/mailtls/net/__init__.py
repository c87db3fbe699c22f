"""The one edge with effects: sockets and DNS."""
