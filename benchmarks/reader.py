"""Samples a second of speech2vid.reader.samples against a plain loop over the same shards: tar members and JPEGs, no more.

    python -m benchmarks.reader --dataset OUT [--split train] [--rounds 7] [--batch_size 8]

The plain loop reads each shard with Python's tarfile from begin to end and decodes as many JPEGs of each clip as a
sample needs; the same is done by webdataset. Neither gives batches, MFCC, lip shape or any shuffling. One process and
one thread each; they take turns, so that what else the machine does meets all; medians of the rounds. The files lie in
the page cache after the first, uncounted round: it is the work that is compared, not the disk.
"""

import argparse
import io
import json
import statistics
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
import torch
import webdataset

from benchmarks.timing import seconds_of
from speech2vid.reader.samples import SampleSettings, SampleStream


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True, help="folder that `talkshard build` wrote")
    parser.add_argument("--split", default="train", help="train, val or test (default train)")
    parser.add_argument("--batch_size", type=int, default=8, help="clips a batch of the reader (default 8)")
    parser.add_argument("--rounds", type=int, default=7, help="epochs of each (default 7)")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print(json.dumps(measure(options.dataset, options.split, options.batch_size, options.rounds)))
    return 0


def measure(dataset: str, split: str, batch_size: int, rounds: int) -> dict[str, object]:
    """Samples (targets) a second of each, and the reader's over the others': medians of rounds."""
    settings = SampleSettings()
    stream = SampleStream(dataset, split, settings, batch_size)
    shards = [
        Path(dataset, shard["path"])
        for shard in json.loads(Path(dataset, "dataset.json").read_text())["shards"]
        if shard["split"] == split
    ]
    jpegs_per_clip = settings.targets_per_clip + settings.num_identity
    works = {
        "plain": lambda: [_read_plain(shard, jpegs_per_clip) for shard in shards],
        "webdataset": lambda: _read_webdataset(shards, jpegs_per_clip),
        "reader": lambda: [batch["key"] for batch in stream],
    }
    seconds = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            seconds[name].append(seconds_of(work))
    num_samples = stream.num_clips * settings.targets_per_clip
    speeds = {
        f"{name}_samples_per_s": round(num_samples / statistics.median(taken[1:])) for name, taken in seconds.items()
    }
    ratios = {
        f"reader_over_{name}": round(statistics.median(np.divide(seconds[name], seconds["reader"])[1:]), 3)
        for name in ("plain", "webdataset")
    }
    return {"clips": stream.num_clips, "jpegs_per_clip": jpegs_per_clip, "rounds": rounds, **speeds, **ratios}


def _read_plain(shard: Path, jpegs_per_clip: int) -> int:
    """Read every member; decode some JPEGs of each clip. Returns their number."""
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
    """The same by webdataset, which groups the members of a clip. Returns the number of JPEGs."""
    clips = webdataset.WebDataset([str(shard) for shard in shards], shardshuffle=False)
    return sum(_decode(clip["faces.mjpg"], clip["faces_index.npy"], jpegs_per_clip) for clip in clips)


def _decode(jpegs: bytes, stored_index: bytes, jpegs_per_clip: int) -> int:
    index = np.load(io.BytesIO(stored_index))
    for frame in np.linspace(0, len(index) - 2, jpegs_per_clip).astype(int):
        cv2.imdecode(np.frombuffer(jpegs[index[frame] : index[frame + 1]], np.uint8), cv2.IMREAD_COLOR_RGB)
    return jpegs_per_clip


if __name__ == "__main__":
    sys.exit(main())
