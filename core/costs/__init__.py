"""What an embedding run takes in tokens, time and money, and what was spent."""
