"""A comparison as one self-contained document, to be read without the app."""
