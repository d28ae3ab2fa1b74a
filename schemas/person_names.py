"""Names of people as they are compared: one person written in several ways is one person."""

import unicodedata


def compared_name(name: str) -> str:
    """The name after Unicode normalisation (NFKC) and case folding, without format characters and needless blanks."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(sign for sign in folded if unicodedata.category(sign) != "Cf").split())
