"""Questions of the Disagreement page."""
