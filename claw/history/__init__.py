"""What was: what the devices reported, what was done and why, and how to take it back."""
