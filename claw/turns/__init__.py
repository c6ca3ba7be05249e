"""One turn: ruled steps, deeds with read-back, and the words about them."""
