"""Compares the speed of this project, its peers and the layers below them: ``python -m benchmarks``."""
