"""Export of corpora, vectors and tables as files that other programs read."""
