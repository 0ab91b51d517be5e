"""Questions of the Anomalies page."""
