"""Tests that need the installed models."""

import pytest

from schemas.errors import TalkshardError
from transforms.media.models import DEFAULT_MODELS, verify_models


def _installed() -> bool:
    try:
        verify_models(DEFAULT_MODELS)
    except TalkshardError:
        return False
    return True


needs_models = pytest.mark.skipif(not _installed(), reason="the models are not installed: talkshard models install")
