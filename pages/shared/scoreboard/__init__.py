"""Widgets of the Scoreboard page."""
