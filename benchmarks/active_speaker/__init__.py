"""Scores any judge that --sync takes, on cases with known answers built from real clips: see __main__."""
