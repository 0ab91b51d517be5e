"""Groups of texts, found in the neighbor graph or the vectors, never in a picture."""
