"""Questions of the Quality page."""
