"""How varied a corpus is, which rows cover it, and which are neighbors of too many."""
