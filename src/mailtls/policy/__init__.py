"""The policy file: text with positions, checked against its schema, as plain values."""
