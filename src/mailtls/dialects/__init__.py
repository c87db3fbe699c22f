"""Mail protocols up to TLS and after it, without I/O."""
