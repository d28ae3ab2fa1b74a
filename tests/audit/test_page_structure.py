"""The structure of the HTML pages, without a browser: a strict policy, headings, tables and images with their texts."""

import base64
import hashlib
from collections import Counter
from itertools import pairwise

import pytest

from audit.report import report_page
from speech2vid.evaluation.page import evaluation_page
from tests.audit.made_pages import empty_report, evaluation_page_with_examples, full_report
from tests.html_pages import elements_of, policy_of
from tests.speech2vid.evaluation.made_evaluation import clip_score, evaluation_record


@pytest.fixture(scope="module", params=["report", "evaluation", "evaluation without measures"])
def page(request, tmp_path_factory):
    """Each page that this project writes."""
    if request.param == "report":
        return full_report(tmp_path_factory.mktemp("report"))
    if request.param == "evaluation":
        return evaluation_page_with_examples()
    return evaluation_page(evaluation_record(), [], [clip_score()], [], "videos")


def hash_source(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(page):
    directives = dict(part.split(" ", 1) for part in policy_of(page).split("; "))
    found = {tag: [one for one in elements_of(page) if one.tag == tag] for tag in ("style", "script")}
    for tag, [element] in found.items():
        assert directives[f"{tag}-src"] == hash_source("".join(element.text))
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    assert "unsafe" not in policy_of(page) and "http" not in policy_of(page) and directives["img-src"] == "data:"
    assert page.index("Content-Security-Policy") < page.index("<title>") < page.index("<style>")


def test_no_element_has_a_style_or_a_handler_that_the_policy_would_block(page):
    names = {name for element in elements_of(page) for name in element.attributes}
    assert "style" not in names and not [name for name in names if name.startswith("on")]


def test_headings_step_down_one_level_at_a_time_from_one_title(page):
    levels = [int(one.tag[1]) for one in elements_of(page) if one.tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_image_and_every_drawing_that_means_something_has_a_text(page):
    for element in elements_of(page):
        if element.tag == "img":
            assert element.attributes["alt"] and element.attributes["src"].startswith("data:image/jpeg;base64,")
        if element.tag == "svg":
            assert element.attributes.get("aria-hidden") == "true" or element.attributes["aria-label"]


def test_every_heading_of_a_table_says_what_it_is_the_heading_of(page):
    elements = elements_of(page)
    assert {one.attributes["scope"] for one in elements if one.tag == "th"} <= {"col", "row", "rowgroup"}
    heads = [one for one in elements if one.tag == "table"]
    assert heads and all(any(row.tag == "thead" and row.ancestors[-1] is table for row in elements) for table in heads)


def test_ids_are_unique_and_links_inside_the_page_lead_somewhere(page):
    elements = elements_of(page)
    ids = Counter(one.attributes["id"] for one in elements if "id" in one.attributes)
    assert max(ids.values()) == 1
    links = {one.attributes["href"] for one in elements if one.tag == "a"}
    assert "#content" in links and {link[1:] for link in links if link.startswith("#")} <= set(ids)
    labels = {one.attributes["aria-labelledby"] for one in elements if "aria-labelledby" in one.attributes}
    assert labels <= set(ids)


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(page):
    for element in elements_of(page):
        if {"box", "narrow-box", "scroll"} & set(element.attributes.get("class", "").split()):
            assert element.attributes["tabindex"] == "0" and element.attributes["aria-label"]


def test_the_page_is_for_phones_dark_rooms_and_paper(page):
    [style] = ["".join(one.text) for one in elements_of(page) if one.tag == "style"]
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "@media screen and (prefers-color-scheme: dark)" in style and "@media print" in style
    assert "@media (max-width: 640px)" in style and ":focus-visible" in style


def test_the_report_lists_its_sections_in_their_order(tmp_path):
    elements = elements_of(full_report(tmp_path))
    links = [one.attributes["href"] for one in elements if one.tag == "a" and one.ancestors[-1].tag == "li"]
    assert links == [f"#{one.attributes['id']}" for one in elements if one.tag == "h2"] and len(links) >= 11


def test_a_report_without_clips_has_the_same_structure(tmp_path):
    elements = elements_of(empty_report(tmp_path, report_page))
    assert [one for one in elements if one.tag == "h1"] and not [one for one in elements if one.tag == "img"]
