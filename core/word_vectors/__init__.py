"""Word vectors: trained on a corpus or read from files, explored word by word, and used as an embedding model."""
