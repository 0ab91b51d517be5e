"""The Anomalies page: labels in doubt."""
