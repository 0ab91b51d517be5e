"""Parts of the Scoreboard page."""
