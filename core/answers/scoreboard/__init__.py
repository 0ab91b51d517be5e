"""Questions of the Scoreboard page."""
