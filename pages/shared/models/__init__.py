"""Parts of the Embed page."""
