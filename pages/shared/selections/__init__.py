"""Kept selections: combining them, showing them, taking them out."""
