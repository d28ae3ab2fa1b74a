"""How good talking faces are of people that the motion network did not learn from: cross-validation over people.

    talkshard train --dataset OUT --recipe motion --output RUNS/0 --where "NOT (people of fold 0)"   # and so on
    python -m benchmarks.held_out_motion --dataset OUT --runs RUNS/* --output DIR [--where CONDITION] [--gain G]

Each clip of `train/` is said by the first run that did not learn from its person, as the run's training.json says, and
scored as `talkshard evaluate` scores it, from five stills and from one, beside the still, their mean, and real video.
DIR gets a Parquet table with a row for each clip and condition, and videos. Printed are means over people.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import UsageError
from schemas.stored.clip import Clip
from schemas.stored.clip_index import find_clips
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.clips import read_evaluation_clips
from speech2vid.evaluation.evaluate_clips import Networks, evaluate_clips
from speech2vid.evaluation.generators import PortraitFace
from speech2vid.evaluation.intervals import mean_with_interval
from speech2vid.evaluation.talking_face import Stills
from speech2vid.motion.file import MotionFile
from speech2vid.rendering import painter_file
from speech2vid.rendering.painter_file import PainterFile
from transforms.faces.mesh import MediaPipeMesh
from transforms.people.face_networks import load_face_network

TWO_CLIPS_EACH = (
    "num_frames >= 40 AND key IN (SELECT key FROM clips WHERE split = 'train' AND num_frames >= 40 "
    "QUALIFY row_number() OVER (PARTITION BY speaker ORDER BY md5(key)) <= 2)"
)
"""The default condition: two clips of each person at most, of 40 frames or more."""
_MEASURES = ("opening_correlation", "opening_deviation_ratio", "mouth_mse", "sharpness_ratio", "identity_distance")


@dataclass(frozen=True, kw_only=True)
class HeldOutFaces:
    """Each person's audio, said by the network that did not learn from that person; see TalkingFace."""

    by_person: dict[str, PortraitFace]
    name: str = "held-out motion"

    @property
    def sha256(self) -> str:
        """See TalkingFace."""
        return "+".join(sorted({face.sha256 for face in self.by_person.values()}))

    @property
    def recipe(self) -> str:
        """See TalkingFace."""
        return self._first.recipe

    @property
    def _first(self) -> PortraitFace:
        return next(iter(self.by_person.values()))

    def frames(self, num_frames: int) -> np.ndarray:
        """See TalkingFace."""
        return self._first.frames(num_frames)

    def faces(self, stills: Stills, audio: Clip, frames: np.ndarray) -> np.ndarray:
        """See TalkingFace."""
        return self.by_person[audio.row["speaker"] or audio.row["source_uri"]].faces(stills, audio, frames)


def main(argv: list[str] | None = None) -> int:
    """Score, write, and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True, metavar="OUT")
    parser.add_argument("--runs", nargs="+", required=True, type=Path, metavar="RUN", help="folders of talkshard train")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR")
    parser.add_argument("--where", default=TWO_CLIPS_EACH, metavar="CONDITION", help="clips (default: two a person)")
    parser.add_argument("--gain", type=float, default=1.0, help="factor on the motion (default: %(default)s)")
    parser.add_argument("--checkpoint", type=Path, default=painter_file.DEFAULT_PATH, metavar="PAINTER.onnx")
    parser.add_argument("--face_network", default="none", help="as of talkshard evaluate (default: %(default)s)")
    args = parser.parse_args(argv)
    generator = HeldOutFaces(by_person=held_out_faces(args))
    networks = Networks(mesh=MediaPipeMesh(), face_network=load_face_network(args.face_network))
    clips, _ = read_evaluation_clips(args.dataset, "train", args.where, sys.maxsize, [generator])
    scores = evaluate_clips(clips, [generator], networks, args.output / "videos", 0, _say).scores
    pq.write_table(pa.Table.from_pylist([dataclasses.asdict(score) for score in scores]), args.output / "clips.parquet")
    print("\n".join(table(scores)))
    return 0


def held_out_faces(args: argparse.Namespace) -> dict[str, PortraitFace]:
    """The face of each person of the clips, by the first run that did not learn from the person."""
    painter = PainterFile(args.checkpoint)
    found: dict[str, PortraitFace] = {}
    people = set(find_clips(args.dataset, "train", args.where).speakers)
    for run in args.runs:
        learnt = json.loads((run / "training.json").read_text())["run"]["where"]
        others = people - set(found) - set(find_clips(args.dataset, "train", learnt).speakers)
        if others:
            motion = MotionFile(run / "motion.onnx")
            face = PortraitFace(name=run.name, motion=motion, painter=painter, gain=args.gain)
            found |= dict.fromkeys(sorted(others), face)
    if missing := sorted(people - set(found)):
        raise UsageError(f"all --runs learnt from {', '.join(missing)}: add one that did not")
    return found


def table(scores: Sequence[ClipScore]) -> list[str]:
    """Markdown: means over people with 95 % intervals by bootstrap, and closures of all clips together."""
    lines = [f"| condition | people | {' | '.join(_MEASURES)} | closures found |", "|---" * (len(_MEASURES) + 3) + "|"]
    for condition in dict.fromkeys(score.condition for score in scores):
        of_this = [score for score in scores if score.condition == condition]
        values = [_mean([(score.speaker, getattr(score, name)) for score in of_this]) for name in _MEASURES]
        made, real = sum(score.num_closures_found for score in of_this), sum(score.num_closures for score in of_this)
        people = len({score.speaker for score in of_this})
        lines.append(f"| {condition} | {people} | {' | '.join(values)} | {made / max(real, 1):.2f} of {real} |")
    return lines


def _mean(values: Sequence[tuple[str, float | None]]) -> str:
    """Mean over people, each of whom counts once, with its interval."""
    known = [(person, value) for person, value in values if value is not None]
    if not known:
        return "-"
    people, numbers = (np.array(part) for part in zip(*known, strict=True))
    _, place, num_clips = np.unique(people, return_inverse=True, return_counts=True)
    mean, low, high = mean_with_interval(numbers, 1 / num_clips[place], people, seed=0)
    return f"{mean:.3g}" if low is None else f"{mean:.3g} ({low:.3g} … {high:.3g})"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
