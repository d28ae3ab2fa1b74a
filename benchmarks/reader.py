"""Samples a CPU second of speech2vid.reader.samples, and of a plain loop over tar members and JPEGs of the same shards.

    python -m benchmarks.reader --dataset OUT [--split train] [--rounds 7] [--batch_size 8]

The plain loop reads each shard with Python's tarfile from start to end and decodes as many JPEGs of each clip as a
sample needs; a second loop does the same with webdataset. Neither gives batches, MFCC, lip points or shuffling. The
reader is also timed with a speech encoder's features instead of MFCC: computed each time, and cached on disk. Each
uses one process and one thread. CPU time is counted, in turns, so that other load on the machine affects all alike; the
numbers are medians of the rounds. After the first round, which is not counted, the files are in the page cache, so that
the work is compared and not the disk.
"""

import argparse
import functools
import io
import json
import statistics
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
import webdataset

from benchmarks.timing import cpu_seconds_of
from speech2vid.reader.array_cache import ArrayCache
from speech2vid.reader.samples import SampleSettings, SampleStream

_MAX_CACHED_BYTES = 10 << 30


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True, help="output of talkshard build")
    parser.add_argument("--split", default="train", help="train, val or test (default: %(default)s)")
    parser.add_argument(
        "--batch_size", type=int, default=8, help="clips in a batch of the reader (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="epochs of each (default: %(default)s)")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print(json.dumps(measure(args.dataset, args.split, args.batch_size, args.rounds)))
    return 0


def measure(dataset: str, split: str, batch_size: int, rounds: int) -> dict[str, object]:
    """Samples (targets) per CPU second of each, and the ratio of the reader to the others: medians of the rounds."""
    settings = SampleSettings()
    stream = SampleStream(dataset, split, settings, batch_size)
    shards = [
        Path(dataset, shard["path"])
        for shard in json.loads(Path(dataset, "dataset.json").read_text())["shards"]
        if shard["split"] == split
    ]
    jpegs_per_clip = settings.targets_per_clip + settings.num_identity
    with tempfile.TemporaryDirectory() as folder:
        on_disk = ArrayCache(Path(folder), _MAX_CACHED_BYTES, memory_bytes=0)
        speech = SampleSettings(audio_features="speech")
        streams = {
            "reader": stream,
            "reader_speech": SampleStream(dataset, split, speech, batch_size, cache=ArrayCache(memory_bytes=0)),
            "reader_speech_cached": SampleStream(dataset, split, speech, batch_size, cache=on_disk),
        }
        works = {
            "plain": lambda: [_read_plain(shard, jpegs_per_clip) for shard in shards],
            "webdataset": lambda: _read_webdataset(shards, jpegs_per_clip),
            **{name: functools.partial(_read_all, of) for name, of in streams.items()},
        }
        seconds = _seconds(works, rounds)
    num_samples = stream.num_clips * settings.targets_per_clip
    speeds = {
        f"{name}_samples_per_cpu_s": round(num_samples / statistics.median(taken[1:]))
        for name, taken in seconds.items()
    }
    ratios = {
        f"reader_over_{name}": round(statistics.median(np.divide(seconds[name], seconds["reader"])[1:]), 3)
        for name in ("plain", "webdataset")
    }
    return {"clips": stream.num_clips, "jpegs_per_clip": jpegs_per_clip, "rounds": rounds, **speeds, **ratios}


def _seconds(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each work in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            seconds[name].append(cpu_seconds_of(work))
    return seconds


def _read_all(stream: SampleStream) -> int:
    """Read an epoch; the number of batches."""
    return sum(1 for _ in stream)


def _read_plain(shard: Path, jpegs_per_clip: int) -> int:
    """Read every member and decode some JPEGs of each clip; the number of decoded JPEGs."""
    decoded, jpegs = 0, b""
    with tarfile.open(shard, "r:") as tar:
        for member in tar:
            content = tar.extractfile(member).read()
            if member.name.endswith(".faces.mjpg"):
                jpegs = content
            elif member.name.endswith(".faces_index.npy"):
                decoded += _decode(jpegs, content, jpegs_per_clip)
    return decoded


def _read_webdataset(shards: list[Path], jpegs_per_clip: int) -> int:
    """The same with webdataset, which groups the members of a clip."""
    clips = webdataset.WebDataset([str(shard) for shard in shards], shardshuffle=False)
    return sum(_decode(clip["faces.mjpg"], clip["faces_index.npy"], jpegs_per_clip) for clip in clips)


def _decode(jpegs: bytes, stored_index: bytes, jpegs_per_clip: int) -> int:
    index = np.load(io.BytesIO(stored_index))
    for frame in np.linspace(0, len(index) - 2, jpegs_per_clip).astype(int):
        cv2.imdecode(np.frombuffer(jpegs[index[frame] : index[frame + 1]], np.uint8), cv2.IMREAD_COLOR_RGB)
    return jpegs_per_clip


if __name__ == "__main__":
    sys.exit(main())
