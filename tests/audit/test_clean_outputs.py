"""Outputs of many kinds, each built by the program itself: the auditor finds no fault in any of them."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import beam_runner
import talkshard
from audit.verify import verify_dataset
from schemas.stored.clip import read_clips
from tests.end_to_end.conftest import IN_PROCESS
from tests.generations.kills import KILLED, run_killed
from tests.made_media import make_plain_video
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared
from tests.stores.conftest import store  # noqa: F401  # a fixture
from tests.transcripts.made_recogniser import needs_recogniser

pytestmark = [needs_shared, needs_models, needs_recogniser]
NO_SYNC = ("--sync", "none")
NEW = "dev/grid_other/pwij3p.mpg"


class Room:
    """A folder with a talking face, one late by 12 frames, a video without a face, and what is no video."""

    def __init__(self, folder: Path, work: Path):
        self.folder, self._work = folder, work
        self.inputs, self.output = folder / "in", folder / "out"
        self.inputs.mkdir()
        shutil.copy(shared("dev/grid_other/lbax4n.mpg"), self.inputs / "a.mpg")
        (self.inputs / "broken.mp4").write_text("no video")

    def build(self, *flags: str, inputs: tuple[Path, ...] = (), work: bool = True) -> None:
        """Build into the output; results between stages are shared by all rooms."""
        given = (
            ["--input", *map(str, inputs or (self.inputs,))]
            if "--sources" not in flags and "--retry" not in str(flags)
            else []
        )
        own = ("--work", str(self._work)) if work else ()
        command = [*given, "--output", str(self.output), *IN_PROCESS, *own, *flags]
        assert beam_runner.main(command) == 0

    def command(self, name: str, *flags: str) -> None:
        """Run another command on the output."""
        assert talkshard.main([name, str(self.output), *flags]) == 0


KINDS: dict[str, Callable[[Room], None]] = {}


def kind(make: Callable[[Room], None]) -> Callable[[Room], None]:
    KINDS[make.__name__] = make
    return make


def _settings(name: str, *flags: str) -> None:
    KINDS[name] = lambda room: room.build(*flags)


_settings("default_recipe")
_settings("trusted", "--recipe", "trusted")
_settings("syncnet_recipe", "--recipe", "syncnet", "--set", "faces.min_track_s=1", "--set", "faces.min_box_px=50")
_settings("without_sync", *NO_SYNC)
_settings("another_detector", "--detector", "blazeface", *NO_SYNC)
_settings("images_of_256_px", *NO_SYNC, "--set", "clips.image_px=256")
_settings("wide_faces", *NO_SYNC, "--set", "clips.margin=0.4", "--set", "clips.jpeg_quality=70")
_settings("short_clips", *NO_SYNC, "--set", "clips.max_s=1")
_settings("a_shard_for_each_clip", *NO_SYNC, "--set", "clips.max_s=1", "--set", "shards.target_mb=0.1")
_settings("most_rules_off", "--set", "speakers.unsure_probability=0", "--set", "speakers.min_probability=0")
_settings("sdr_only", *NO_SYNC, "--set", "video.dynamic_range=sdr")
_settings("few_faces", *NO_SYNC, "--set", "faces.max_faces=1")


@kind
def with_transcripts(room: Room) -> None:
    shutil.copy(shared(NEW), room.inputs / "b.mpg")
    table = room.folder / "table.csv"
    table.write_text(f"uri,language\n{room.inputs}/a.mpg,en-GB\n{room.inputs}/b.mpg,fr\n")
    room.build("--sources", str(table), *NO_SYNC, "--transcripts", "moonshine")
    texts = {clip.row["language"]: clip.text for clip in read_clips(str(room.output))}
    assert texts["en-GB"] and texts["fr"] == ""


@kind
def with_transcripts_appended_and_repacked(room: Room) -> None:
    room.build(*NO_SYNC, "--transcripts", "moonshine")
    _append(room, NEW)
    room.command("repack", *IN_PROCESS)
    assert all(clip.text for clip in read_clips(str(room.output)))


@kind
def work_kept_in_the_output(room: Room) -> None:
    room.build(*NO_SYNC, "--keep_work", work=False)
    assert (room.output / ".staging/work").is_dir()


@kind
def audio_that_was_late(room: Room) -> None:
    shutil.copy(shared("hard/known_offset/lbax4n_sound_late_12f.mkv"), room.inputs / "late.mkv")
    room.build()


@kind
def odd_names(room: Room) -> None:
    for name in (b"no \xff utf-8.mpg", b"two\nlines | <b>.mpg", "Zo\u00eb \u202e#?%20.mpg".encode()):
        shutil.copy(room.inputs / "a.mpg", os.fsencode(room.inputs) + b"/" + name)
    room.build(*NO_SYNC)


@kind
def a_table_of_people_and_rights(room: Room) -> None:
    shutil.copy(shared(NEW), room.inputs / "b.mpg")
    table = room.folder / "table.csv"
    rows = ("a.mpg,Zo\u00eb Ann,,val,CC BY 4.0,signed,en", "b.mpg,Ben | <i>,show,,=1+1,,fr", "broken.mp4,,show,,,,")
    table.write_text(
        "uri,speaker,group,split,licence,consent,language\n" + "\n".join(f"{room.inputs}/{row}" for row in rows)
    )
    room.build("--sources", str(table), *NO_SYNC)


@kind
def sources_without_a_licence_left_out(room: Room) -> None:
    shutil.copy(shared(NEW), room.inputs / "b.mpg")
    table = room.folder / "table.csv"
    table.write_text(f"uri,licence\n{room.inputs}/a.mpg,CC0\n{room.inputs}/b.mpg,\n")
    room.build("--sources", str(table), *NO_SYNC, "--set", "rights.licences=CC0")


@kind
def lrs2(room: Room) -> None:
    for part, name in (("pretrain", "dev/grid_other/lbax4n.mpg"), ("main", NEW)):
        (room.inputs / part / "6330311066473698535").mkdir(parents=True)
        shutil.copy(shared(name), room.inputs / part / "6330311066473698535" / "00011.mpg")
    (room.inputs / "a.mpg").unlink()
    (room.inputs / "broken.mp4").unlink()
    for split in ("train", "val", "test"):
        (room.inputs / f"{split}.txt").write_text("6330311066473698535/00011\n" if split == "train" else "")
    room.build(*NO_SYNC, "--layout", "lrs2")


@kind
def many_failures(room: Room) -> None:
    (room.inputs / "empty.mp4").touch()
    make_plain_video(room.inputs / "silent.mp4")
    content = (room.inputs / "a.mpg").read_bytes()
    (room.inputs / "half.mpg").write_bytes(content[: len(content) // 2])
    (room.inputs / "zeros.mpg").write_bytes(bytes(100_000))
    room.build(*NO_SYNC, "--max_failed_share", "1")


@kind
def one_file_under_two_names(room: Room) -> None:
    shutil.copy(room.inputs / "a.mpg", room.inputs / "again.mpg")
    room.build(*NO_SYNC)


def _append(room: Room, name: str) -> None:
    new = room.folder / f"new of {Path(name).stem}"
    new.mkdir()
    shutil.copy(shared(name), new)
    room.build("--append", inputs=(new,))


@kind
def appended(room: Room) -> None:
    room.build(*NO_SYNC)
    _append(room, NEW)


@kind
def appended_twice(room: Room) -> None:
    appended(room)
    _append(room, "dev/grid_other/lbbc2a.mpg")


@kind
def appended_and_repacked(room: Room) -> None:
    appended(room)
    room.command("repack", *IN_PROCESS)


@kind
def repacked_and_cleaned(room: Room) -> None:
    appended_and_repacked(room)
    room.command("clean", "--older_than", "0d")


@kind
def an_append_that_was_killed(room: Room) -> None:
    room.build(*NO_SYNC)
    assert run_killed("build", "--input", shared(NEW), "--output", room.output, *IN_PROCESS, "--append") == KILLED


@kind
def failures_retried(room: Room) -> None:
    table = room.folder / "table.csv"
    table.write_text(f"uri\n{room.inputs}/a.mpg\n{room.inputs}/later.mpg\n")
    room.build("--sources", str(table), *NO_SYNC)
    shutil.copy(shared(NEW), room.inputs / "later.mpg")
    room.build("--retry_failures")


@kind
def moved_to_another_folder(room: Room) -> None:
    room.build(*NO_SYNC)
    room.output = room.output.rename(room.folder / "another name")


@kind
def pages_written_again(room: Room) -> None:
    room.build(*NO_SYNC)
    room.command("report")


@kind
def a_card_with_text_of_its_own(room: Room) -> None:
    room.build(*NO_SYNC)
    card = room.output / "dataset_card.md"
    card.write_text(card.read_text() + "\nCite us, please.\n")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Results between stages, for all builds."""
    return tmp_path_factory.mktemp("work")


def test_there_are_twenty_kinds_and_more():
    assert len(KINDS) >= 20


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
def test_nothing_is_wrong_with_a_clean_output(make, work, tmp_path):
    room = Room(tmp_path, work)
    make(room)
    assert verify_dataset(str(room.output)) == []
    assert len(json.loads((room.output / "dataset.json").read_bytes())["shards"]) >= 1


def test_nothing_is_wrong_with_a_clean_output_in_a_store(store, work, tmp_path, monkeypatch):  # noqa: F811
    room = Room(tmp_path, work)
    room.output = store.uri("out")
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    room.build(*NO_SYNC, *store.flags)
    assert verify_dataset(room.output) == [] == verify_dataset(room.output, processes=2)
