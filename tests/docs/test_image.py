"""The image for workers: the Beam that is installed here, the models inside, tried by a user that is not root."""

import importlib.metadata
import re
from pathlib import Path

import talkshard
from tests.pipeline.made_models import needs_models

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()


def place_of(pattern):
    """The only line that matches."""
    [number] = [number for number, line in enumerate(LINES) if re.match(pattern, line)]
    return number


def test_it_is_of_the_beam_that_is_installed():
    assert LINES[place_of("FROM ")].endswith(f":{importlib.metadata.version('apache-beam')}")


def test_models_are_inside_and_tried_as_another_user_than_root():
    install, user, tried = (
        place_of("RUN pip install.* talkshard models install"),
        place_of("USER "),
        place_of("RUN talk"),
    )
    assert install < user < tried and LINES[user] != "USER root" and LINES[tried] == "RUN talkshard models try"


@needs_models
def test_what_it_tries_works_here(capsys):
    assert talkshard.main(["models", "try"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 6 and all(": works" in line for line in said)
