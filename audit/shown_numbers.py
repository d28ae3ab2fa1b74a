"""Numbers as pages and cards show them."""


def minutes_text(seconds: float) -> str:
    """Seconds as hours, minutes or seconds, whichever reads best."""
    if seconds >= 7200:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.1f} s"


def size_text(size_bytes: int) -> str:
    """Bytes as MB, GB or TB, whichever reads best."""
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if size_bytes >= size:
            return f"{size_bytes / size:,.1f} {unit}"
    return f"{size_bytes / 1e6:,.1f} MB"


def thousands_text(number: int) -> str:
    """A whole number with commas."""
    return f"{number:,}"


def value_text(value: float) -> str:
    """A measured value in few digits, never as a power of ten."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return "< 0.001" if 0 < value < 0.001 else f"{value:.3g}"


NUMBER_FILTERS = {"minutes": minutes_text, "size": size_text, "thousands": thousands_text, "value": value_text}
"""The same as filters of templates."""
