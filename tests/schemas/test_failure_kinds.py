"""Each kind of failure has a sentence and a cure, and docs/bad-input.md lists the same ones."""

from pathlib import Path

from schemas.failure_kinds import FAILURE_KINDS
from transforms.beam_support.failure_rows import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bad-input.md"


def test_every_kind_that_a_run_can_store_is_there():
    assert sorted(FAILURE_KINDS) == sorted(KINDS)


def test_the_page_about_bad_input_lists_the_same_kinds_in_the_same_words():
    rows = [f"| `{kind}` | {found.about} | {found.cure} |" for kind, found in FAILURE_KINDS.items()]
    assert "\n".join(rows) in PAGE.read_text()
