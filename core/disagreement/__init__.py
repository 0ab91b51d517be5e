"""How far embeddings of the same rows agree, where they don't, and what explains it."""
