"""What the claw keeps in mind: facts as lines in markdown pages, found by words, every version kept."""
