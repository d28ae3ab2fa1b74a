"""AddTranscripts: the text in the rows, the clips' bytes where they are, and nothing done twice."""

import zlib
from dataclasses import replace

import apache_beam as beam
import numpy as np
import pytest

from schemas.clip_parts import TEXT
from schemas.codec import decode_record, encode_record
from schemas.records import ClipRef
from schemas.stored.members import row_members_length, split_members
from tests.shards.clip_refs import clip_refs, clip_row
from transforms.beam_support.results import StageResults
from transforms.clips.clip_parts import flac_bytes
from transforms.media.tar import tar_members
from transforms.shards.write_shard import row_members
from transforms.transcripts import stage
from transforms.transcripts.config import TranscriptsConfig
from transforms.transcripts.stage import AddTranscripts
from transforms.transcripts.transcribe import Transcript

MOONSHINE = TranscriptsConfig(recogniser="moonshine")


class Counting:
    """Writes down how many samples there are, and in a file that it was asked."""

    def __init__(self, log):
        self._log = log

    def transcribe(self, samples):
        with self._log.open("a") as log:
            log.write("asked\n")
        return Transcript(text=f"{len(samples)} samples", confidence=0.25)


@pytest.fixture
def refs(tmp_path):
    """Three clips; the last was given as German."""
    rows = [clip_row(f"clip-{number}", language=language) for number, language in enumerate(("", "en", "de"))]
    audio = {row.key: flac_bytes(np.full(640 * (number + 1), 5, np.int16)) for number, row in enumerate(rows)}
    refs = clip_refs(tmp_path, rows)
    data = b""
    packed = []
    for ref in refs:
        members = tar_members(ref.key, [("flac", audio[ref.key])])
        packed.append(replace(ref, offset=len(data), length=len(members), sha256=ref.key, pack_uri=str(tmp_path / "p")))
        data += members
    (tmp_path / "p").write_bytes(data)
    return packed


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Names a recogniser that counts; the file that it writes to."""
    log = tmp_path / "asked"
    log.touch()
    monkeypatch.setitem(stage.RECOGNISERS, "moonshine", lambda: Counting(log))
    return log


def said(tmp_path, refs, config=MOONSHINE):
    """The clips as they come out, by key."""
    folder = tmp_path / "found"
    folder.mkdir(exist_ok=True)
    results = StageResults(folder=str(tmp_path / "work"), made_by="test")

    def keep(ref):
        (folder / ref.key).write_bytes(encode_record(ref))

    with beam.Pipeline("FnApiRunner") as pipeline:
        _ = pipeline | beam.Create(refs) | AddTranscripts(config, results) | beam.Map(keep)
    return {path.name: decode_record(path.read_bytes(), ClipRef) for path in sorted(folder.iterdir())}


def test_each_clip_in_english_gets_its_text_and_stays_where_it_is(tmp_path, refs, asked):
    found = said(tmp_path, refs)
    assert [(found[ref.key].row.text, found[ref.key].row.text_confidence) for ref in refs] == [
        ("640 samples", 0.25),
        ("1280 samples", 0.25),
        ("", None),
    ]
    for ref in refs:
        assert replace(found[ref.key], row=ref.row) == ref


def test_what_an_earlier_run_wrote_down_is_found(tmp_path, refs, asked):
    first = said(tmp_path, refs)
    assert asked.read_text().count("asked") == 2
    assert said(tmp_path, refs) == first and asked.read_text().count("asked") == 2


def test_a_result_names_its_source_so_that_a_takedown_finds_it(tmp_path, refs, asked):
    said(tmp_path, refs)
    kept = [zlib.decompress(path.read_bytes()) for path in (tmp_path / "work").rglob("*.result")]
    assert sorted(decode_record(one, stage.ClipTranscript).key for one in kept) == ["clip-0", "clip-1"]
    assert all(any(key in one for key in (b"clip-0", b"clip-1")) for one in kept)


def test_a_damaged_result_is_made_again(tmp_path, refs, asked):
    first = said(tmp_path, refs)
    for path in (tmp_path / "work").rglob("*.result"):
        path.write_bytes(b"damaged")
    assert said(tmp_path, refs) == first and asked.read_text().count("asked") == 4


def test_another_language_given_later_costs_no_recognition(tmp_path, refs, asked):
    said(tmp_path, refs)
    german = [replace(ref, row=replace(ref.row, language="de")) for ref in refs]
    assert {ref.row.text for ref in said(tmp_path, german).values()} == {""}
    assert asked.read_text().count("asked") == 2


def test_without_a_recogniser_clips_have_no_text(tmp_path, refs, asked):
    assert list(said(tmp_path, refs, TranscriptsConfig()).values()) == refs and not asked.read_text()


def test_a_clip_that_is_not_there_is_named(tmp_path, refs, asked):
    (tmp_path / "p").unlink()
    with pytest.raises(Exception, match="what an earlier stage made is not there"):
        said(tmp_path, refs)


def test_the_text_is_a_part_beside_the_row_and_a_repack_takes_it_away_with_the_row():
    row = replace(clip_row("clip-1"), text="Zo\u00eb said", text_confidence=0.5)
    members = row_members(row)
    parts = dict(split_members(memoryview(members), "clip-1"))
    assert list(parts) == ["json", TEXT] and bytes(parts[TEXT]).decode() == row.text
    assert row_members_length(members + tar_members("clip-1", [("flac", b"x")])) == len(members)
    assert list(dict(split_members(memoryview(row_members(clip_row("clip-1"))), "clip-1"))) == ["json"]
