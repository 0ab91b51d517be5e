"""Questions of the Map page."""
