"""Questions of the Compression page."""
