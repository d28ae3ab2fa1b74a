"""Score the people of a dataset, or time the clusters of made people.

python -m benchmarks.people score OUTPUT MANIFEST.tsv train
python -m benchmarks.people made --people 50000 --tracks 20
"""

import argparse
import csv
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.people.made_faces import made_faces
from benchmarks.people.pairs import PairScores, pair_scores
from pipeline.environment import set_environment
from schemas.stored.manifests import rows_of, stored_manifests

_SEVERAL = ","  # between the speakers of a recording that shows more than one


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the two; returns the exit code."""
    set_environment()
    parser = argparse.ArgumentParser(prog="benchmarks.people", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser("score", help="precision and recall of person_id over pairs of clips")
    score.add_argument("output", help="a dataset, built without names")
    score.add_argument("manifest", type=Path, help="table of recordings: path, speaker_id, role")
    score.add_argument("roles", nargs="+", help="roles whose clips are counted together")
    made = commands.add_parser("made", help="time and memory of the clusters of made people")
    made.add_argument("--people", type=int, default=50_000)
    made.add_argument("--tracks", type=int, default=20, help="of each (default: %(default)s)")
    made.add_argument("--max_distance", type=float, help="default: that of dlib")
    args = parser.parse_args(argv)
    if args.command == "score":
        print(_line(_scored(args.output, args.manifest, frozenset(args.roles))))
    else:
        _time_made(args.people, args.tracks, args.max_distance)
    return 0


def _scored(output: str, manifest: Path, roles: frozenset[str]) -> PairScores:
    """The scores of the clips of recordings that show one known person."""
    with open(manifest, newline="") as file:
        known = {row["path"]: row for row in csv.DictReader(file, delimiter="\t") if row["role"] in roles}
    speakers = {path: row["speaker_id"] for path, row in known.items() if _is_one(row["speaker_id"])}
    with stored_manifests(output, ["clips"]) as manifests:
        rows = rows_of(manifests, "SELECT source_uri, person_id FROM clips ORDER BY key")
    counted = [(row["person_id"], speaker) for row in rows if (speaker := _speaker(row["source_uri"], speakers))]
    return pair_scores([person for person, _ in counted], [speaker for _, speaker in counted])


def _is_one(speaker: str) -> bool:
    return _SEVERAL not in speaker and speaker not in ("-", "film")


def _speaker(uri: str, speakers: dict[str, str]) -> str | None:
    """The speaker of a recording, whose path in the table may begin above the dataset's root."""
    return next((speaker for path, speaker in speakers.items() if path == uri or path.endswith("/" + uri)), None)


def _line(scores: PairScores) -> str:
    return (
        f"{scores.count} of {scores.people} people, found as {scores.found_people}: precision {scores.precision:.4f}, "
        f"recall {scores.recall:.4f}, F1 {scores.f1:.4f}"
    )


def _time_made(num_people: int, num_tracks: int, max_distance: float | None) -> None:
    from transforms.people.clusters import cluster, confidences
    from transforms.people.config import DLIB_DISTANCE

    max_square = (max_distance or DLIB_DISTANCE) ** 2
    vectors, people = made_faces(num_people, num_tracks)
    before, began, cpu = _peak_mb(), time.monotonic(), time.process_time()
    found = cluster(vectors, max_square, np.zeros((0, 2), np.int64), np.full(len(vectors), -1))
    clustered = time.process_time() - cpu
    confidences(vectors, found.labels, max_square)
    print(
        f"{len(vectors)} tracks of {num_people} made people: {time.monotonic() - began:.0f} s, of CPU time "
        f"{clustered:.0f} s for clusters and {time.process_time() - cpu - clustered:.0f} s for confidences; "
        f"at most {_peak_mb():.0f} MB, {before:.0f} MB of them before"
    )
    print(_line(pair_scores(found.labels.tolist(), people.tolist())))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
