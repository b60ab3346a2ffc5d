"""What the numbers mean for a position and a book."""
