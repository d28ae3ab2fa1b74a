"""Text that came with the data, made safe to show: on pages and in terminals it is text and nothing else."""

import re
import unicodedata
from html import escape

from markupsafe import Markup

_NOT_ASCII_TEXT = re.compile(r"[^ -~]")
_LINE_SIGNS = "\n\t"
_JOINERS = "\u200c\u200d"  # they shape letters of several scripts, and emoji
_HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, direction and other format characters, line separators
_MARKDOWN_SIGNS = re.compile(r"[\\`*\[\]|~#!$]|(?<![^\W_])_|_(?![^\W_])")  # an underline in a word is none


def shown_text(text: str) -> str:
    r"""The text on one line: control, direction and line characters as \x1b or \u202e, which a terminal would obey."""
    return _NOT_ASCII_TEXT.sub(lambda found: _shown(found[0]), text)


def shown_lines(text: str) -> str:
    """As shown_text, with line ends and tabs as they are: for HTML, where they are blanks, and for tracebacks."""
    return _NOT_ASCII_TEXT.sub(lambda found: found[0] if found[0] in _LINE_SIGNS else _shown(found[0]), text)


def markdown_text(text: str) -> str:
    """The text for a line or cell of Markdown: no sign in it is markup, HTML or the end of a cell."""
    return _MARKDOWN_SIGNS.sub(r"\\\g<0>", escape(shown_text(text), quote=False))


def in_html(value: object) -> object:
    """What a template of HTML shows for a value, before it is escaped: jinja2's `finalize`. Markup stays as it is."""
    return shown_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def in_markdown(value: object) -> object:
    """What a template of Markdown shows for a value: jinja2's `finalize`. Markup stays as it is."""
    return markdown_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _shown(character: str) -> str:
    is_hidden = unicodedata.category(character) in _HIDDEN_CATEGORIES and character not in _JOINERS
    return ascii(character)[1:-1] if is_hidden else character
