"""The project's words: what the glossary names exists, and words that were given up stay out of the tree."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "audit",
    "benchmarks",
    "demo",
    "docs",
    "examples",
    "pipeline",
    "schemas",
    "speech2vid",
    "tests",
    "transforms",
)
TEXT = (".py", ".md", ".jinja", ".sh")
SOURCE = [*sorted(ROOT.glob("*.py")), *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]
QUOTES_OLD_NAMES = ("CHANGELOG.md", "tests/docs/test_words.py", "docs/decisions/007", "docs/decisions/012")

# What may still hold a retired word: stored names, which never change, and names of other people's packages and files.
ALLOWED = re.compile(
    r"""(?i:(?:lib)?soundfile) | talkshard\.sound
      | sound_(?:stream|start_s|columns|embedding|windows|frames|late|early)\w*
      | (?<=AUDIO_INPUT\ =\ ["'])sound\b
      | (?<=[."'`])sounds\b | \bsounds(?=["'`:=\[]) | stretch_(?:middle|lags?|lag_se)_\w*""",
    re.VERBOSE,
)

RETIRED = {
    r"pictures?": "frame, image",
    r"sounds?": "audio",
    r"hears?|heard|hearing": "audio features, conditioned on",
    r"allot(?:s|ted|ment)?|allot_voice": "assign_speakers, active-speaker assignment",
    r"nobody": "no speaker, no one",
    r"scored_?face": "see assign_speakers",
    r"likeness(?:es)?": "similarity",
    r"weigh(?:s|ed)?": "score_sync",
    r"evidence(?=\b|_)": "SyncResult",
    r"makes_this_sound": "unsure_probability",
    r"after_(?:use|fit|belief)": "order is the place in the tuple of rules",
    r"rules_of_\w+": "eligibility, sync, confidence, solo rules",
    r"believe[sd]?|beliefs?|lonely": "accepted by the sync network, confident, alone in view",
    r"(?:is|are) told": "is given, is conditioned on, losses",
    r"change_(?:sound|voice|face)|sync_voices|mfcc_changes|sound_changes": "augment_audio, augment_voice, augment_face",
    r"strangers?": "negative speakers",
    r"(?:people|persons?) left out": "held-out speakers",
    r"showings?": "conditions, baselines",
    r"close_calls?|close calls?": "borderline subjects",
    r"complete_faces?": "composite_mouths",
    r"sound_kinds?": "audio_features",
    r"sightings?": "Observation",
    r"anew": "again; is_discontinuous",
    r"(?:gone|goes|go) on (?:from|with)": "resume",
    r"workplace": "WorkerState",
    r"own\.(?:dataset|output|checkpoint|where|recipe|steps|seed|input|split|identity|settings|workers|lags)": "args",
    r"(?-i:(?:LEAST|MOST)_[A-Z]\w*)": "MIN_, MAX_",
    r"doors?|nouns|verbs": "entry points, records, transforms",
    r"(?:own|shared)_rooms?|(?:every|one) room|for room in|mirror the rooms": "packages",
    r"comes? along": "bundled",
    r"first plan|the plan had": "a decision under docs/decisions",
    r"hangs on|(?:numbers|results?) hang on": "depends on",
    r"to be had": "available",
    r"whoever": "a plain subject",
    r"whose voice": "active speaker",
    r"what came of it": "the result",
}
"""Pattern of words that were given up -> what to write. A space stands for any white space, also across lines."""


def shipped_texts() -> list[Path]:
    """Every page, program and template of the project."""
    own = [path for path in sorted(ROOT.iterdir()) if path.suffix in (".py", ".md") or path.name == "Makefile"]
    nested = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in TEXT]
    return [path for path in (*own, *nested) if not name_of(path).startswith(QUOTES_OLD_NAMES)]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def as_words(text: str) -> str:
    """The text with allowed names blanked and CamelCase names split like snake_case ones, line by line as before."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", ALLOWED.sub("", text))


def retired_in(text: str) -> list[tuple[int, str, str]]:
    """(line, word, what to write instead) of each retired word in a text."""
    words, found = as_words(text), []
    for pattern, instead in RETIRED.items():
        spaced = pattern.replace(" ", r"(?:\s|#)+")
        for match in re.finditer(rf"(?<![A-Za-z])(?:{spaced})(?![A-Za-z])", words, re.IGNORECASE):
            found.append((words.count("\n", 0, match.start()) + 1, match.group(), instead))
    return sorted(found)


@cache
def identifiers() -> frozenset[str]:
    """Every name that the project's programs use, tests apart."""
    found = set()
    for path in SOURCE:
        if not name_of(path).startswith("tests/"):
            for node in ast.walk(ast.parse(path.read_text())):
                found.update(getattr(node, part, None) for part in ("id", "attr", "name", "arg"))
                if isinstance(node, ast.ImportFrom):
                    found.update((node.module or "").split("."))
    return frozenset(found)


def glossary_names() -> list[tuple[str, str]]:
    """(term, name in the code) of each row of the glossary's table."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    return [(term, name) for term, names in rows for name in re.findall(r"`([^`]+)`", names)]


@pytest.mark.parametrize("path", shipped_texts(), ids=name_of)
def test_a_file_uses_no_retired_word(path: Path):
    offenders = [
        f"{name_of(path)}:{line}: {word!r}, write {instead}" for line, word, instead in retired_in(path.read_text())
    ]
    assert offenders == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("how alike two sounds are", "sounds"),
        ("class HeardAudio:", "Heard"),
        ("the same command goes on\n    # with it", "goes on\n    # with"),
        ("_MOST_SHIFTS = 3", "MOST_SHIFTS"),
        ("import soundfile", None),
        ("row.sounds, row.sound_stream", None),
        ("astounding grounds", None),
    ],
)
def test_retired_words_are_found_in_prose_and_in_names(text: str, expected: str | None):
    assert [word for _, word, _ in retired_in(text)] == ([] if expected is None else [expected])


def test_the_glossary_has_every_term_once():
    terms = re.findall(r"^\| ([^|]+) \| `", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert 25 <= len(terms) <= 60
    assert len(set(terms)) == len(terms)


@pytest.mark.parametrize(("term", "name"), glossary_names())
def test_the_glossarys_names_exist_in_the_code(term: str, name: str):
    assert (ROOT / name).exists() or set(name.split(".")) <= identifiers(), term
