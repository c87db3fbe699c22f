"""A loopback mail server, healthy or faulty on demand: for `mailtls demo` and for tests."""
