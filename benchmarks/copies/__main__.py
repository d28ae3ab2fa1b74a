"""Copies that are found and pairs that are not copies: `python -m benchmarks.copies make DATA FOLDER`, then `measure`.

make: DATA is the folder with train/, dev/ and hard/; copies are written to FOLDER. Then build them with
`talkshard build --input FOLDER --output OUT --set copies.max_shared=1`, and `python -m benchmarks.copies measure OUT`.
Thresholds were chosen on train/; dev/ and hard/ are reported.
"""

import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.copies.measure import MeasuredPair, copied_pairs, measured_clips, other_pairs
from benchmarks.copies.recordings import make_copies
from transforms.copies.config import CopiesConfig

_WORST = 5


def measure(datasets: list[str], config: CopiesConfig) -> None:
    """Print what is found in some datasets together."""
    clips = [clip for dataset in datasets for clip in measured_clips(dataset)]
    seconds = sum(clip.end_s - clip.start_s for clip in clips)
    cpu_s, keys = sum(clip.cpu_s for clip in clips), sum(len(clip.keys) for clip in clips)
    print(
        f"{len(clips)} clips, {seconds:.0f} s: {1000 * cpu_s / seconds:.2f} ms of CPU and {keys / seconds:.0f} keys a "
        "second"
    )
    groups = defaultdict(list)
    for pair in copied_pairs(clips, config):
        role = pair.first.partition("/")[0]
        groups[role, pair.variant].append(pair)
        groups[role, "all"].append(pair)
    for (role, variant), pairs in sorted(groups.items()):
        print(f"{role:6}{variant:10}{_line(pairs)}")
    began = time.process_time()
    others = list(other_pairs(clips, config))
    msec = 1000 * (time.process_time() - began) / max(1, len(others))
    num_wrong = sum(one.is_found for one in others)
    print(f"{len(others)} pairs of other clips, {msec:.2f} ms each: {num_wrong} taken for copies")
    for pair in sorted(others, key=lambda one: -min(one.audio, one.lips + config.min_audio - config.min_lips))[:_WORST]:
        print(f"  audio {pair.audio:.3f} lips {pair.lips:.3f} {pair.first} {pair.second}")


def _line(pairs: list[MeasuredPair]) -> str:
    audio, lips = ([getattr(pair, name) for pair in pairs] for name in ("audio", "lips"))
    lost = [pair for pair in pairs if not (pair.is_found and pair.shares_key)]
    recordings = len({pair.first for pair in pairs})
    first = (
        f"{len(pairs) - len(lost):4} of {len(pairs):4} found, {recordings:3} recordings; audio "
        f"{np.min(audio):.3f} (median {np.median(audio):.3f}), lips {np.min(lips):.3f} ({np.median(lips):.3f})"
    )
    return "\n".join([first, *(f"    lost: {pair}" for pair in lost)])


def main() -> None:
    """Run the command line."""
    command, *arguments = sys.argv[1:]
    if command == "make":
        make_copies(*map(Path, arguments))
    else:
        measure(arguments, CopiesConfig())


if __name__ == "__main__":
    main()
