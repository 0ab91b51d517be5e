"""Parts of the Disagreement page."""
