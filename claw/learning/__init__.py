"""What a house learns: examples on a page, and a small layer that is fitted to them."""
