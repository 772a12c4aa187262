"""Side-by-side speed of this project, its peers and the limits they share: ``python -m benchmarks``."""
