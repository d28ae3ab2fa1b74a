"""The file of tokens, and the text that they spell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.transcripts.tokens import read_tokens, text_of


def file_of(tokens):
    """The file that holds these tokens."""
    return b"".join(_length(len(token)) + token for token in tokens)


def _length(count):
    return bytes([count]) if count < 128 else bytes([count % 128 + 128, count // 128])


@given(st.lists(st.binary(max_size=400)))
def test_tokens_are_read_as_they_were_written(tokens):
    assert read_tokens(file_of(tokens)) == tokens


@pytest.mark.parametrize("content", [b"\x03ab", b"\x80", b"\x01a\x02"])
def test_a_file_that_is_cut_off_is_refused(content):
    with pytest.raises(ValueError, match="the file of tokens ends within"):
        read_tokens(content)


def test_text_has_blanks_and_letters_of_several_bytes():
    tokens = ["\u2581Zo".encode(), b"\xc3", b"\xab", "\u2581".encode(), b"!"]
    assert text_of([0, 1, 2, 3, 4, 3], tokens) == "Zo\u00eb !"


def test_half_a_letter_is_shown_as_such():
    assert text_of([0], [b"\xc3"]) == "\ufffd"
