"""Layouts in two or three dimensions: how they are made, lettered, trusted and chosen on."""
