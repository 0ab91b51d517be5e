"""Controls that filter rows by columns."""
