"""Splitting videos into windows."""
