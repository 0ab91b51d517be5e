"""Statistics that all features share: intervals, tests, corrections; imports nothing of core but its foundations."""
