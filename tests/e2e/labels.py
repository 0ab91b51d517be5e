"""The wording of the interface that the browser tests rely on: all else is found by keys, roles and values."""

DATA, EMBED = "Data", "Embed"
MAP, SEARCH, CLUSTERS, TRENDS, ANOMALIES = "Map", "Search", "Clusters", "Trends", "Anomalies"
SCOREBOARD, DISAGREEMENT, COMPRESSION, QUALITY = "Scoreboard", "Disagreement", "Compression", "Quality"
SIGN_IN = "Sign in"
