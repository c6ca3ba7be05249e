"""Ways to reach the claw; one file each."""
