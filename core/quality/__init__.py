"""Diagnostics of an embedding space: similarity, dimension usage, robustness, hubness, length bias, calibration and
migration. They are descriptive: none of them selects a best model."""
