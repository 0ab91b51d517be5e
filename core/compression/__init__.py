"""What is lost when vectors are made smaller or an index faster, measured against exact search."""
