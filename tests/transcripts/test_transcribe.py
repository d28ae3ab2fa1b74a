"""Which clips get a text, and what becomes of their rows."""

import numpy as np
import pytest

from tests.shards.clip_refs import clip_row
from transforms.clips.clip_parts import flac_bytes
from transforms.media.tar import tar_members
from transforms.transcripts.transcribe import Transcript, is_english, transcribe_clip, with_transcript

SAID = Transcript(text="lay blue", confidence=0.5)


@pytest.mark.parametrize("language", ["", "  ", "en", "EN", "en-GB", "en_US", "eng", "English", "English (British)"])
def test_english_and_unnamed_languages_are_asked(language):
    assert is_english(language)


@pytest.mark.parametrize("language", ["de", "fr", "enm", "Engadin", "Estonian", "ro"])
def test_other_languages_are_not(language):
    assert not is_english(language)


def test_the_stored_audio_of_a_clip_is_transcribed():
    samples = np.arange(-320, 320, dtype=np.int16)
    members = tar_members("k", [("mfcc.npy", b"x"), ("flac", flac_bytes(samples)), ("mesh.npy", b"y")])

    class Ear:
        def transcribe(self, found):
            np.testing.assert_array_equal(found, samples)
            return SAID

    assert transcribe_clip("k", members, Ear()) == SAID


def test_a_row_gets_its_text_or_none_of_another_language():
    row = clip_row("k")
    said, unknown = with_transcript(row, SAID), with_transcript(row, None)
    assert (row.text, row.text_confidence) == (None, None)
    assert (said.text, said.text_confidence) == ("lay blue", 0.5)
    assert (unknown.text, unknown.text_confidence) == ("", None)
