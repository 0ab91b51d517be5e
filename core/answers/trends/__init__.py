"""Questions of the Trends page."""
