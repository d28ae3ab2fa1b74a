"""The pages beside a dataset: whether card, croissant.json and report are those of this generation's tables."""

import json
from collections.abc import Iterator

import jinja2

from audit.croissant import croissant
from audit.dataset_card import dataset_card
from audit.report import dataset_mark
from audit.stored_objects import StoredObjects
from schemas.generations import PAGES
from schemas.stored.manifests import Manifests

_CURE = "`talkshard report` writes it again"
_UNFIT = (jinja2.TemplateError, LookupError, TypeError, AttributeError, ValueError)  # a record that lacks something
_OF_FOLDER = ("# ", "pretty_name: ")  # lines of a card that hold the name of the dataset's folder


def page_problems(output: str, objects: StoredObjects, run: dict, manifests: Manifests) -> Iterator[str]:
    """Pages that are missing, or that say other things than the tables. run: the content of run.json."""
    report, card, described = (_page(objects, name) for name in PAGES)
    for name, page in zip(PAGES, (report, card, described), strict=True):
        if page is None:
            yield f"{name} is missing or no text: {_CURE}"
    if report is not None and f'content="{dataset_mark(output)}"' not in report:
        yield f"report.html is not of this generation: {_CURE}"
    try:
        made_card, made_croissant = (make(output, run, manifests) for make in (dataset_card, croissant))
    except _UNFIT as error:
        yield f"the card and croissant.json cannot be made from run.json: {error}"
        return
    if card is not None:
        yield from _card_problems(card, made_card)
    if described is not None:
        yield from _croissant_problems(described, made_croissant)


def _page(objects: StoredObjects, name: str) -> str | None:
    try:
        return objects.read(name).decode()
    except (OSError, UnicodeDecodeError):
        return None


def _card_problems(card: str, made: str) -> Iterator[str]:
    """Lines that a card lacks, and rows of tables that it has besides; text that was added by hand is no fault."""
    found, expected = ([line for line in text.splitlines() if line.strip()] for text in (card, made))
    for line in expected:
        if line not in found and not line.startswith(_OF_FOLDER):
            yield f"dataset_card.md lacks the line {line!r}: {_CURE}"
    for line in found:
        if line.startswith("|") and line not in expected:
            yield f"dataset_card.md has the row {line!r}, which does not follow from the tables: {_CURE}"


def _croissant_problems(described: str, made: str) -> Iterator[str]:
    try:
        found = json.loads(described)
    except (ValueError, RecursionError) as error:
        yield f"croissant.json is not JSON ({error}): {_CURE}"
        return
    if not isinstance(found, dict):
        yield f"croissant.json holds {type(found).__name__}, not an object: {_CURE}"
        return
    expected = json.loads(made)
    for name in sorted(expected.keys() | found.keys()):
        if name != "name" and found.get(name) != expected.get(name):  # the name is that of the folder
            yield f"croissant.json: its {name} is not that of the dataset: {_CURE}"
