"""Parts of the Compression page."""
