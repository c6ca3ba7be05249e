"""Benchmarks against the bars of the project, on the virtual house only: `python -m bench`."""
