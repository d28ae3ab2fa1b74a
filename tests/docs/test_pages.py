"""The pages agree with the tree: links lead somewhere, and tables list what the code has."""

import re
from pathlib import Path

import pytest

from pipeline.config import Recipe
from pipeline.recipes import RECIPES
from schemas.tables import TABLES
from talkshard import COMMANDS
from transforms.media.models import MODELS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FACES_PART = "faces.mjpg"  # a clip's part, not a setting
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("[st]*/**/weights/*.md"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors_of(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if "://" not in link]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_of_ours_that_a_page_names_exists(page: Path):
    named = re.findall(
        r"`((?:schemas|transforms|pipeline|speech2vid|audit|examples|tests|benchmarks)/[a-z0-9_./]*)`", page.read_text()
    )
    history = page.name == "CHANGELOG.md"
    assert [name for name in named if not history and not (ROOT / name).exists()] == []


def test_every_page_is_in_the_index():
    index = (DOCS / "README.md").read_text()
    assert [
        page.name for page in sorted(DOCS.glob("*.md")) if page.name != "README.md" and page.name not in index
    ] == []


def test_the_table_of_models_agrees_with_the_code():
    page = (DOCS / "models-and-licences.md").read_text()
    rows = {row[2]: row for row in (line.split(" | ") for line in page.splitlines()) if len(row) == 5}
    for model in MODELS.values():
        _, _, _, licence, origin = rows[f"`{model.name}`"]
        assert licence == model.licence
        assert f"`{model.package}` {model.version}" in origin


def test_every_recipe_and_command_is_described():
    page = (DOCS / "options.md").read_text()
    assert [name for name in RECIPES if f"| `{name}` |" not in page] == []
    assert [name for name in COMMANDS if name not in page] == []


def test_every_table_is_described():
    page = (DOCS / "dataset.md").read_text()
    assert [name for name in TABLES if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_that_a_page_names_exists(page: Path):
    known = {line.name for line in Recipe().settings()}
    groups = "|".join(sorted({name.split(".")[0] for name in known}))
    named = re.findall(rf"`((?:{groups})\.[a-z_]+)`", page.read_text())
    history = page.name == "CHANGELOG.md"
    assert [name for name in named if not history and name not in known and name != FACES_PART] == []
