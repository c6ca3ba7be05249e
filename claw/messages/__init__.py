"""What comes in, what goes out, what was done and what was asked: the durable rows of a turn."""
