"""Inputs that a dataset holds already."""
