"""Groups, labels and sentiment over time: shares, bursts, drift and anomalous increases."""
