"""Build a dataset from Python: `python examples/build_from_python.py VIDEO DATASET`."""

import json
import sys
from pathlib import Path

from beam_runner import build_dataset


def main(video: str, dataset: str) -> int:
    """Build a dataset of one file or folder and print what dataset.json lists; returns the exit code."""
    exit_code = build_dataset([video], dataset, settings={"faces.min_box_px": 64, "clips.max_s": 5})
    if exit_code == 0:
        listed = json.loads(Path(dataset, "dataset.json").read_text())
        print(
            f"{dataset}/dataset.json lists {len(listed['shards'])} shards and {len(listed['manifests'])} manifest parts"
        )
    return exit_code


if __name__ == "__main__":  # needed: a build starts processes, and each of them imports this file
    sys.exit(main(sys.argv[1], sys.argv[2]))
