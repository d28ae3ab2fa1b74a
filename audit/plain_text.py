"""Text that others gave, as it can be shown: what would act on a terminal or a page is spelt out."""

import unicodedata


def plain_text(text: str) -> str:
    r"""The text on one line, with control characters, line ends and marks of direction as escapes: `\x1b`, `\n`."""
    return "".join(_spelt(sign) if _acts(sign) else sign for sign in text)


def _acts(sign: str) -> bool:
    category = unicodedata.category(sign)
    return category.startswith("C") or category in ("Zl", "Zp")


def _spelt(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
