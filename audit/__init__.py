"""Checks of a finished dataset: verification, report, card and overlays."""
