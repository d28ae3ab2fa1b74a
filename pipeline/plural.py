"""Counts as people read them: 1 clip, 2 clips."""


def number_of(count: int, noun: str) -> str:
    """Return "1 clip", or "2 clips"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
