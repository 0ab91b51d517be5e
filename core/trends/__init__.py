"""Groups, labels and moods over time: shares, bursts, drifts and surges."""
