"""Questions of the Clusters page."""
