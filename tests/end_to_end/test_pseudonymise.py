"""`build --pseudonymise`: nothing of a name is anywhere in the output, and the same key gives the same pseudonyms."""

import json
import shutil
import zlib

import pytest

import beam_runner
from audit.verify import verify_dataset
from schemas.stored.parquet import read_parquet
from schemas.stored.tables import stored_table
from tests.end_to_end.conftest import IN_PROCESS
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared
from transforms.sources.pseudonyms import read_key

pytestmark = [needs_shared, needs_models]
FLAGS = (*IN_PROCESS, "--sync", "none")
WORDS = ("Quixote", "quixote", "Sancho", "sancho")  # of names of people, groups, folders and files


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder named after a person: a talking face, one that fails late, what is no video, and a key."""
    folder = tmp_path_factory.mktemp("made") / "Quixote's videos"
    folder.mkdir()
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / "Sancho 1.mpg")
    (folder / "sancho's notes.mp4").write_text("no video of Sancho")
    (folder / "sancho.mpg").write_bytes((folder / "Sancho 1.mpg").read_bytes()[:30_000])
    (folder.parent / "quixote.key").write_text("0123456789abcdef" * 2)
    (folder.parent / "sancho.key").write_text("fedcba9876543210" * 2)
    table = folder.parent / "quixote.csv"
    rows = (
        "Sancho 1.mpg,Sancho Panza,Quixote",
        "sancho's notes.mp4,SANCHO  panza,",
        "sancho.mpg,,Quixote",
        "gone sancho.mpg,,",
    )
    table.write_text("uri,speaker,group\n" + "\n".join(f"{folder}/{row}" for row in rows) + "\n")
    return folder


def build(inputs, output, *flags, key="quixote"):
    given = ("--pseudonymise", str(inputs.parent / f"{key}.key")) if key else ()
    table = str(inputs.parent / "quixote.csv")
    return beam_runner.main(["--sources", table, "--output", str(output), *given, *FLAGS, *flags])


def files_with(output, words):
    """Files below a folder that hold one of some words in their names or contents, also where these are compressed."""
    found = set()
    for path in output.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            texts = [str(path.relative_to(output)).encode(), content]
            if path.suffix == ".parquet":
                texts.append(repr(read_parquet(content).to_pylist()).encode())
            elif path.suffix == ".result":
                texts.append(zlib.decompress(content))
            found |= {path.name for word in words for text in texts if word.encode() in text}
    return found


@pytest.fixture(scope="module")
def built(inputs, tmp_path_factory):
    """A build whose work folder is kept in the output."""
    output = tmp_path_factory.mktemp("built") / "out"
    assert build(inputs, output, "--keep_work", "--max_failed_share", "1") == 0
    return output


def test_nothing_of_a_name_is_in_the_output(built):
    assert files_with(built, WORDS) == set() and (built / ".staging/work").is_dir()
    assert verify_dataset(str(built)) == []


def test_the_key_is_stored_nowhere(built):
    assert files_with(built, ("0123456789abcdef",)) == set()


def test_names_are_found_by_words_where_they_are_stored(inputs, tmp_path):
    assert build(inputs, tmp_path / "out", "--max_failed_share", "1", key="") == 0
    assert {"part-00000.parquet", "run.json", "report.html"} <= files_with(tmp_path / "out", WORDS)


def test_results_of_a_build_with_names_bring_none_into_the_output(inputs, tmp_path):
    work = ("--work", str(tmp_path / "work"), "--max_failed_share", "1")
    assert build(inputs, tmp_path / "named", *work, key="") == 0
    assert build(inputs, tmp_path / "out", *work) == 0
    assert files_with(tmp_path / "out", WORDS) == set()


def test_the_same_speaker_has_the_pseudonym_of_the_key_in_all_tables(inputs, built):
    pseudonym = read_key(str(inputs.parent / "quixote.key")).speaker("sancho panza")
    speakers = stored_table(str(built), "sources")["speaker"].to_pylist()
    assert sorted(speakers) == ["", "", pseudonym, pseudonym]
    assert set(stored_table(str(built), "clips")["split_unit"].to_pylist()) == {f"speaker:{pseudonym}"}
    run = json.loads((built / "run.json").read_text())
    assert run["root"] == "" and "--pseudonymise" in run["command_line"]


def test_an_append_needs_the_same_key(inputs, built, tmp_path, capsys):
    output = shutil.copytree(built, tmp_path / "out")
    shutil.copy(shared("dev/grid_other/pwij3p.mpg"), inputs.parent / "new.mpg")
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    (tmp_path / "new.csv").write_text(f"uri,speaker\n{inputs.parent}/new.mpg,sancho PANZA\n")

    def append(key):
        given = ("--pseudonymise", str(inputs.parent / f"{key}.key")) if key else ()
        table = str(tmp_path / "new.csv")
        return beam_runner.main(["--sources", table, "--output", str(output), "--append", *given, *IN_PROCESS])

    for key, line in (("", "holds pseudonyms by a key"), ("sancho", "holds pseudonyms by another key")):
        assert append(key) == 2 and line in capsys.readouterr().err
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before
    assert append("quixote") == 0 and verify_dataset(str(output)) == []
    assert len(set(stored_table(str(output), "sources")["speaker"].to_pylist())) == 2
    assert len(set(stored_table(str(output), "clips")["split"].to_pylist())) == 1
    assert files_with(output, WORDS) == set()


def test_a_retry_is_refused_and_says_why(built, capsys):
    assert beam_runner.main(["--retry_failures", "--output", str(built), *IN_PROCESS]) == 2
    assert "holds pseudonyms, from which no file is found" in capsys.readouterr().err
