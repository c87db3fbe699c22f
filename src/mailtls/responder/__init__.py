"""A loopback mail server, healthy or faulty on demand."""
