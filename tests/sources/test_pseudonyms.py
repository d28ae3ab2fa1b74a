"""Pseudonyms: the same for the same key and spelling, others for another key, and nothing of the name in them."""

import re

import pytest

from schemas.errors import UsageError
from schemas.records import VideoSource
from transforms.sources.pseudonyms import NAME_PATTERN, PATTERNS, Pseudonyms, read_key

ONE, OTHER = Pseudonyms(key=b"1" * 32), Pseudonyms(key=b"2" * 32)


def test_spellings_of_one_speaker_have_one_pseudonym():
    spellings = ["Zoë Ann", "zoe\u0308 ann", "  ZOË  ANN ", "zoë\u200b ann"]
    assert len({ONE.speaker(name) for name in spellings}) == 1
    assert re.fullmatch(PATTERNS["speaker"], ONE.speaker("Zoë Ann"))


def test_other_names_and_other_keys_have_other_pseudonyms():
    found = [one.speaker(name) for one in (ONE, OTHER) for name in ("ann", "ben")]
    assert len(set(found)) == 4


def test_a_speaker_and_a_group_of_one_name_are_not_told_to_be_alike():
    assert ONE.speaker("ann")[1:] != ONE.group("ann")[1:]


def test_what_was_not_given_has_no_pseudonym():
    assert (ONE.speaker(" "), ONE.group("")) == ("", "")


def test_a_source_keeps_where_it_is_read_from_and_what_is_no_name():
    given = VideoSource(uri="/in/ann/1.mpg", name="ann/1.mpg", speaker="Ann", group="Ann's", licence="CC0", split="val")
    made = ONE.source(given)
    assert (made.uri, made.licence, made.split) == (given.uri, "CC0", "val")
    assert re.fullmatch(NAME_PATTERN, made.stored_name) and re.fullmatch(PATTERNS["group"], made.group)
    assert not any("ann" in text.lower() for text in (made.speaker, made.group, made.stored_name))


def test_a_name_that_is_no_utf8_has_a_pseudonym():
    assert re.fullmatch(NAME_PATTERN, ONE.source(VideoSource(uri="/in/\udcff.mpg")).stored_name)


def test_the_check_tells_keys_apart_and_the_key_is_not_shown():
    assert ONE.key_check != OTHER.key_check and "1111" not in repr(ONE) + ONE.key_check


def test_a_key_file_is_read_without_its_line_end(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(ONE.key + b"\n")
    assert read_key(str(path)) == ONE


@pytest.mark.parametrize("content", [None, b"", b"secret\n"])
def test_a_key_that_is_missing_or_short_is_one_line(tmp_path, content):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"^--pseudonymise: .*key.*") as found:
        read_key(str(path))
    assert "secret" not in str(found.value)
