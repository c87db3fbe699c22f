"""Reports: one module for each format, one model and one sanitizer for all."""
