"""The table of sources for `make train-demo`: `python -m demo.train_sources --train FOLDER --dev FOLDER --output CSV`.

Speaker and licence are read from MANIFEST.tsv beside a folder, as the shared recordings have it: columns path (relative
to the manifest's folder), speaker_id, licence. A file that it does not list is of the speaker that its folder is named
after; one that lies in FOLDER itself is a speaker of its own.
"""

import argparse
import csv
import os
import sys
from pathlib import Path

from schemas.errors import TalkshardError, UsageError
from transforms.sources.listing import is_media_name, storable_uri

COLUMNS = ("uri", "speaker", "split", "licence")
_MANIFEST = "MANIFEST.tsv"


def main(argv: list[str] | None = None) -> int:
    """Write the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.train_sources", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("train", "dev", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        rows = train_and_dev(args.train, args.dev)
    except TalkshardError as error:
        print(f"demo.train_sources: {error}", file=sys.stderr)
        return error.exit_code
    with args.output.open("w", newline="") as table:
        csv.writer(table, lineterminator="\n").writerows([COLUMNS, *rows])
    return 0


def train_and_dev(train: Path, dev: Path) -> list[tuple[str, ...]]:
    """Rows of both folders, in COLUMNS' order. UsageError: a folder holds no media, or a person is in both."""
    rows = [*rows_of(train, "train", "TRAIN"), *rows_of(dev, "val", "DEV")]
    people = {
        split: {speaker for _, speaker, row_split, _ in rows if row_split == split and speaker}
        for split in ("train", "val")
    }
    if both := sorted(people["train"] & people["val"]):
        raise UsageError(
            f"{', '.join(both)} would be trained and evaluated on: give TRAIN= and DEV= folders of "
            "different people, each person's files in a folder of the person's name"
        )
    return rows


def rows_of(folder: Path, split: str, name: str) -> list[tuple[str, ...]]:
    """A row for each media file of a folder and its subfolders, by path; name: the variable to name in errors."""
    folder = folder.resolve()
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and is_media_name(path.name))
    if not paths:
        raise UsageError(f"there are no media in {name}={folder}: give a folder of videos")
    known = _listed(folder.parent / _MANIFEST)
    return [(storable_uri(str(path)), *_about(path, folder, split, known)) for path in paths]


def _about(path: Path, folder: Path, split: str, known: dict[str, dict[str, str]]) -> tuple[str, str, str]:
    row = known.get(os.path.relpath(path, folder.parent), {})
    return row.get("speaker_id", "" if path.parent == folder else path.parent.name), split, row.get("licence", "")


def _listed(manifest: Path) -> dict[str, dict[str, str]]:
    if not manifest.is_file():
        return {}
    with manifest.open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    if any(row.get("path") is None for row in rows):
        raise UsageError(f"{manifest} has no column path: give it the columns path, speaker_id, licence, or remove it")
    return {row["path"]: row for row in rows}


if __name__ == "__main__":
    sys.exit(main())
