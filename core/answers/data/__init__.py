"""Questions of the Data page."""
