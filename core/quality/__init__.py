"""Diagnostics of an embedding space: how similarities lie, how full the space is, what moves a vector, what a cosine
means. They describe; they name no winner."""
