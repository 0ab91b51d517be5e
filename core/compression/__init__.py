"""What is lost when vectors are made smaller or an index is made quicker, measured against exact search."""
