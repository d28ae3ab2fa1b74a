"""Compare a build of the demonstration with the ground truth: `python -m demo.check OUTPUT ANSWERS`.

Exit 1 when a track, the cut, the silent face, the damaged file or what is kept of it is wrong. Lag and speaker are
printed but not checked: the sync network was trained on real faces and may not accept a warped one.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demo.answers import Answers, Face, read_answers
from schemas.stored.parquet import read_parquet

MIN_IOU = 0.3  # detectors differ in how much forehead a face has
MIN_COVERAGE = 0.9  # of a face's frames that its tracks hold
MAX_SILENT_SHARE = 0.2  # of a silent face's frames that may be marked as speaking


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One item of the ground truth, and what the build found."""

    subject: str
    known: str
    found: str
    is_right: bool | None  # None: printed, not checked


def check(output: Path, answers: Answers) -> list[Finding]:
    """Compare the tables of a build, of which all parts are read, with the ground truth."""
    sources, tracks, failures = (_rows(output, table) for table in ("sources", "tracks", "failures"))
    talk_ids = {row["source_id"] for row in sources if _is_named(row["uris"], answers.video)}
    talk_tracks = [row for row in tracks if row["source_id"] in talk_ids]
    findings = [_face_found(face, talk_tracks) for face in answers.faces]
    findings.append(_nothing_else(answers, talk_tracks))
    findings += [_cut_respected(cut_frame, talk_tracks) for cut_frame in answers.cut_frames]
    findings += [_silence(face, talk_tracks) for face in answers.faces if not face.speaks]
    findings.append(_damage(answers.damaged_video, sources, failures))
    findings.append(_copies(answers.damaged_video, sources))
    return findings + [_lag(face, talk_tracks, answers.audio_lag_frames) for face in answers.faces if face.speaks]


def _rows(output: Path, table: str) -> list[dict]:
    parts = sorted((output / "manifests" / table).glob("*.parquet"))
    return [row for part in parts for row in read_parquet(part.read_bytes()).to_pylist()]


def _is_named(uris: list[str], name: str) -> bool:
    return any(uri.rsplit("/", 1)[-1] == name for uri in uris)


def _tracks_of(face: Face, tracks: list[dict]) -> list[dict]:
    return [
        track
        for track in tracks
        if min(track["end_frame"], face.end_frame) > max(track["start_frame"], face.start_frame)
        and _iou(track["box_xyxy"], face.box_xyxy) >= MIN_IOU
    ]


def _iou(box: list[float], other: tuple[float, ...]) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = ((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (box, other))
    return common / (sum(areas) - common)


def _face_found(face: Face, tracks: list[dict]) -> Finding:
    held = {frame for track in _tracks_of(face, tracks) for frame in range(track["start_frame"], track["end_frame"])}
    frames = range(face.start_frame, face.end_frame)
    coverage = len(held.intersection(frames)) / len(frames)
    return Finding(
        subject=f"track of the {_where(face)}",
        known=f"frames {face.start_frame}-{face.end_frame}",
        found=f"{coverage:.0%} of them, {len(_tracks_of(face, tracks))} track(s)",
        is_right=coverage >= MIN_COVERAGE,
    )


def _nothing_else(answers: Answers, tracks: list[dict]) -> Finding:
    known = {track["track_id"] for face in answers.faces for track in _tracks_of(face, tracks)}
    num_others = sum(track["track_id"] not in known for track in tracks)
    return Finding(subject="other tracks", known="0", found=str(num_others), is_right=num_others == 0)


def _cut_respected(cut_frame: int, tracks: list[dict]) -> Finding:
    num_across = sum(track["start_frame"] < cut_frame < track["end_frame"] for track in tracks)
    return Finding(
        subject="tracks across the cut",
        known=f"0 at frame {cut_frame}",
        found=str(num_across),
        is_right=bool(tracks) and num_across == 0,
    )


def _silence(face: Face, tracks: list[dict]) -> Finding:
    shares = [track["active_share"] for track in _tracks_of(face, tracks)]
    found = ", ".join(f"{share:.0%}" for share in shares) or "no track"
    return Finding(
        subject=f"{_where(face)} speaks",
        known="never",
        found=found,
        is_right=bool(shares) and max(shares) <= MAX_SILENT_SHARE,
    )


def _damage(name: str, sources: list[dict], failures: list[dict]) -> Finding:
    lost = sum(row["damaged_frames"] for row in sources if _is_named(row["uris"], name))
    kinds = sorted({row["kind"] for row in failures if _is_named([row["source_uri"]], name)})
    return Finding(
        subject=name,
        known="damaged",
        found=f"{lost} frames lost, failures: {', '.join(kinds) or 'none'}",
        is_right=lost > 0 or bool(kinds),
    )


def _copies(name: str, sources: list[dict]) -> Finding:
    """Of two copies the one without damage is kept."""
    num_clips = sum(row["num_clips"] for row in sources if _is_named(row["uris"], name))
    return Finding(
        subject=f"clips of {name}", known="0: they are copies", found=str(num_clips), is_right=num_clips == 0
    )


def _lag(face: Face, tracks: list[dict], known_lag: int) -> Finding:
    measured = [track for track in _tracks_of(face, tracks) if track["audio_lag_frames"] is not None]
    found = ", ".join(
        f"{track['audio_lag_frames']:+.1f} (confidence {track['sync_confidence']:.2f}, speaks "
        f"{track['active_share']:.0%})"
        for track in measured
    )
    return Finding(
        subject=f"lag of the {_where(face)}",
        known=f"{known_lag:+d} frames",
        found=found or "no sync result",
        is_right=None,
    )


def _where(face: Face) -> str:
    return f"{face.name} face from frame {face.start_frame}"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.check", description="Compare a build of the demonstration with the ground truth."
    )
    parser.add_argument("output", type=Path, help="folder that the build wrote")
    parser.add_argument("answers", type=Path, help="answers.json of demo.make_video")
    arguments = parser.parse_args()
    findings = check(arguments.output, read_answers(arguments.answers))
    table = Table("", "ground truth", "found", "verdict", title="The demonstration, compared with its ground truth")
    for finding in findings:
        table.add_row(
            finding.subject,
            finding.known,
            finding.found,
            {True: "right", False: "WRONG", None: "not checked"}[finding.is_right],
        )
    Console().print(table)
    sys.exit(any(finding.is_right is False for finding in findings))


if __name__ == "__main__":
    main()
