"""Rows by shape or by filter, and selections kept under a name."""
