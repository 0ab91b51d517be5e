"""Rows unlike all others, near-duplicates, and leaks between parts of a corpus."""
