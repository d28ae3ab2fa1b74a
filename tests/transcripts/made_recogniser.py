"""Tests of the real recogniser."""

import pytest

from schemas.errors import TalkshardError
from transforms.media.models import verify_models
from transforms.transcripts.config import MOONSHINE, RECOGNISER_MODELS


def _installed() -> bool:
    try:
        verify_models(RECOGNISER_MODELS[MOONSHINE])
    except TalkshardError:
        return False
    return True


needs_recogniser = pytest.mark.skipif(
    not _installed(), reason="the recogniser is not installed: talkshard models install speech_decoder speech_tokens"
)
