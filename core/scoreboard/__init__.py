"""How well contenders do at a task on the rows themselves, and what the rows can tell of their differences."""
