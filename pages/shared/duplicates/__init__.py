"""The Anomalies page: near-duplicates and leaks."""
