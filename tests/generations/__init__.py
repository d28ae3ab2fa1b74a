"""Generations of a dataset, by builds of real media."""
