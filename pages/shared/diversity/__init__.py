"""The Anomalies page: how varied the corpus is."""
