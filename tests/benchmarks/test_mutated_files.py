"""Mutated media files: the same for the same seed, and none ends a command or is lost."""

import json

import cv2
import numpy as np

from benchmarks.mutated_files import decode_a_moment, main, make_files, nastiest
from benchmarks.mutations import MUTATIONS
from tests.made_media import MadeAudio, make_plain_video
from tests.pipeline.made_models import needs_models


def made(tmp_path):
    streams = [MadeAudio(clicks_s=[0.5], length_s=1.0, codec="aac")]
    return [
        make_plain_video(tmp_path / f"a.{suffix}", 25, audio_streams=streams, codec="mpeg4")
        for suffix in ("mp4", "avi", "mkv")
    ]


def make_large_video(path):
    images = np.random.default_rng(0).integers(0, 255, (40, 720, 1280, 3), np.uint8)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (1280, 720))
    for image in images:
        writer.write(image)
    writer.release()
    return path


def test_the_same_seed_makes_the_same_files_of_every_kind(tmp_path):
    sources, count = made(tmp_path), 2 * len(MUTATIONS)
    first, again, other = (
        [path.read_bytes() for path in make_files(sources, tmp_path / name, count, seed)]
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    originals = {path.read_bytes() for path in sources}
    assert first == again and first != other and not originals & set(first)


def test_the_nastiest_are_chosen_by_what_they_cost_a_decoder(tmp_path):
    sources = made(tmp_path)
    paths = make_files(sources, tmp_path / "files", 8, seed=1)
    chosen = nastiest(paths, 3, jobs=1)
    assert len(chosen) == 3 and set(chosen) <= set(paths) and decode_a_moment(str(chosen[0])) >= 0
    # Large frames: their decoding takes many of the steps in which the kernel counts CPU time.
    same, no_media = make_large_video(tmp_path / "large.mp4"), tmp_path / "no_media.mp4"
    no_media.write_bytes(bytes(100))
    assert nastiest({no_media: same, same: same}, 1, jobs=1) == [same]


@needs_models
def test_twelve_mutated_files_cost_rows_and_nothing_else(tmp_path, capsys):
    flags = [
        "--output",
        str(tmp_path / "out"),
        "--count",
        "12",
        "--of",
        "18",
        "--seed",
        "3",
        "--commands",
        "mfcc,build",
    ]
    assert main([*flags, *map(str, made(tmp_path))]) == 0, capsys.readouterr().out
    found = json.loads(capsys.readouterr().out.splitlines()[0])
    assert found == {
        "files": 12,
        "of": 18,
        "seed": 3,
        "died": 0,
        "hung": 0,
        "without_row": 0,
        "bugs": 0,
        "tracebacks": 0,
    }
