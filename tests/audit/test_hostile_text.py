"""What was given with the sources is shown as text, whatever it says."""

import dataclasses
import io
import json
import unicodedata
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

import talkshard
from audit.dataset_card import dataset_card
from audit.report import report_page
from pipeline.funnel import print_funnel, print_places
from pipeline.list_inputs import list_table
from schemas.stored.manifests import stored_manifests
from speech2vid.evaluation.page import evaluation_page
from tests.audit.made_dataset import page_of, write_dataset
from tests.manifests import made_rows
from tests.speech2vid.evaluation.made_evaluation import clip_score, evaluation_record
from transforms.manifests.source_rows import source_row
from transforms.sources.merge import HashedName, ended_facts, merge_names

HOSTILE = (
    "</td></title><script>alert(1)</script> | pipe | **bold** `code` [link](javascript:alert(1))\n\n# heading\n"
    "<img src=x onerror=alert(2)>\"'{{ 7*7 }} \x1b[31mred\x1b[0m\x9b2J\x07 \u202egnp.exe\u2066 [red]rich[/red]"
)
FIELDS = ("speaker", "group", "licence", "consent", "language")


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs if name.startswith("on"))))

    def handle_data(self, data):
        self.text += data


def tags_of(html):
    parser = _Tags()
    parser.feed(html)
    return parser


def control_characters(text):
    """Control and direction characters of a text, without line ends."""
    return [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf") and sign != "\n"]


@pytest.fixture
def hostile_run(tmp_path):
    """A dataset of which one source was given hostile text in every column of a table; the folder and its run."""
    table = tmp_path / "sources.jsonl"
    table.write_text(json.dumps({"uri": f"/in/{HOSTILE}", **dict.fromkeys(FIELDS, HOSTILE)}))
    [name] = list_table(str(table)).sources
    merged = merge_names([HashedName(name=name, content_sha256="d" * 64, size_bytes=7)])
    failure = dataclasses.replace(made_rows.failure("d" * 16), source_uri=name.uri, message=HOSTILE)
    decision = made_rows.decision("d" * 16, rule=HOSTILE)
    rows = [source_row(ended_facts(merged.source), [], [failure]), failure, decision]
    output = tmp_path / f"out{HOSTILE.replace('/', '')}"
    fields = {"source_uri": name.uri, "speaker": name.speaker, "language": name.language, "detector": HOSTILE}
    run = write_dataset(output, more_rows=rows, **fields)
    slow = {"stage": HOSTILE, "source_id": "d" * 16, "source_uri": name.uri, "window_index": 0}
    run |= {"slowest": [slow | {"wall_s": 1.0, "cpu_s": 1.0}]}
    run["verdict"] |= {"exit_code": 4, "problems": [HOSTILE]}
    (output / "run.json").write_text(json.dumps(run))
    return output, run


def test_the_report_shows_hostile_text_as_text(hostile_run):
    page = page_of(report_page, *hostile_run)
    found = tags_of(page)
    assert [tag for tag in found.tags if tag[0] == "script" or tag[1]] == [("script", ())]  # the page's own
    assert [tag for tag, _ in found.tags if tag == "img"] == ["img"] * 3  # the stored faces
    assert control_characters(page) == []
    assert "<script>alert(1)</script> | pipe" in found.text and r"\x1b[31mred" in found.text
    assert r"\u202egnp.exe" in found.text and "{{ 7*7 }}" in found.text


def test_the_card_shows_hostile_text_as_text(hostile_run):
    card = page_of(dataset_card, *hostile_run)
    assert control_characters(card) == []
    body = card.split("---\n", 2)[2]
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    found = tags_of(html)
    assert not {"script", "img"} & {tag for tag, _ in found.tags} and 'href="javascript' not in html
    assert [line for line in body.splitlines() if line.startswith("# ")] == [body.splitlines()[1]]
    [row] = [line for line in body.splitlines() if line.count("pipe") == 2 and line.startswith("|")]
    assert "<script>alert(1)</script> | pipe | **bold** `code` [link](javascript:alert(1))" in found.text
    assert row.endswith("| 1 | 0 | 0.0 s |")


def test_the_cards_front_matter_is_one_line_a_field(hostile_run):
    front = page_of(dataset_card, *hostile_run).split("---\n", 2)[1]
    assert [line.split(":")[0] for line in front.splitlines()] == ["pretty_name", "license", "language", "tags"]


def test_the_terminal_shows_hostile_text_as_text(hostile_run, capsys):
    output, run = hostile_run
    console = Console(file=io.StringIO(), force_terminal=False, width=1000)
    with stored_manifests(str(output)) as manifests:
        print_funnel(manifests, console)
        print_places(str(output), run | {"wall_s": 1.0}, manifests, console)
    assert talkshard.main(["status", str(output)]) == 0
    shown = console.file.getvalue() + capsys.readouterr().out
    assert control_characters(shown) == [] and r"\x1b[31mred" in shown and "[red]rich[/red]" in shown
    assert not [line for line in shown.splitlines() if line.startswith("# heading")]


def test_an_error_about_hostile_text_is_one_line_of_text(tmp_path, capsys):
    table = tmp_path / "sources.jsonl"
    rows = [{"uri": f"/in/{split}.mp4", "group": HOSTILE, "split": split} for split in ("train", "test")]
    table.write_text("\n".join(map(json.dumps, rows)))
    assert talkshard.main(["build", "--sources", str(table), "--output", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr().err
    assert control_characters(shown) == [] and shown.count("\n") == 1 and r"\x1b[31mred" in shown


def test_an_error_about_a_hostile_folder_is_one_line_of_text(tmp_path, capsys):
    assert talkshard.main(["report", str(tmp_path / HOSTILE.replace("/", ""))]) == 2
    shown = capsys.readouterr().err
    assert control_characters(shown) == [] and shown.count("\n") == 1 and r"\x1b[31mred" in shown


def test_the_evaluation_page_shows_hostile_text_as_text():
    record = evaluation_record(dataset=HOSTILE, generator=HOSTILE, skipped_clips=[HOSTILE])
    page = evaluation_page(record, [], [clip_score(speaker=HOSTILE, key="k0")], [], "videos")
    found = tags_of(page)
    assert [tag for tag in found.tags if tag[0] in ("script", "img") or tag[1]] == [("script", ())]  # the page's own
    assert control_characters(page) == [] and found.text.count("<script>alert(1)</script>") >= 4
