"""Measurements of speed and of quality; not part of the wheel."""
