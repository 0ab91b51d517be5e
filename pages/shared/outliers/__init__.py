"""The Anomalies page: rows unlike all others."""
