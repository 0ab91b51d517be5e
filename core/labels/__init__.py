"""Labels in doubt."""
