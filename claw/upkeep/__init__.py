"""Looking after a house that runs: what is wrong and how to mend it, copies of everything, and putting one back."""
