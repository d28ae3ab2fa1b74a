"""The recogniser's tokens: a file of byte strings, each after its length, in the order of their numbers."""

from collections.abc import Sequence

_SHORT = 128  # a first byte from here on is the lower part of a length whose upper part follows
_BLANK = "\u2581"  # how a token writes a blank


def read_tokens(content: bytes) -> list[bytes]:
    """The tokens of a file, by number. ValueError: it is cut off."""
    tokens, place = [], 0
    while place < len(content):
        length, place = content[place], place + 1
        if length >= _SHORT:
            if place == len(content):
                raise ValueError("the file of tokens ends within a length")
            length, place = content[place] * _SHORT + length - _SHORT, place + 1
        if place + length > len(content):
            raise ValueError("the file of tokens ends within a token")
        tokens.append(content[place : place + length])
        place += length
    return tokens


def text_of(numbers: Sequence[int], tokens: list[bytes]) -> str:
    """The text that tokens spell, without blanks at its ends."""
    content = b"".join(tokens[number] for number in numbers)
    return content.decode(errors="replace").replace(_BLANK, " ").strip()
