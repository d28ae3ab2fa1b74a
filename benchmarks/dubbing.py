"""How good dubbed videos are, by each blend: every video is dubbed with the next one's audio, and with its own.

    python -m benchmarks.dubbing --videos A.mp4 B.mp4 C.mp4 ... --output DIR [--blends poisson context]

With another's audio, as H.264: the sync judge's probability for the new audio and its lag, the same for the source's
frames under that audio (the control), and what was changed outside the face. With its own audio, losslessly: the error
of the mouth against the real frames, the seam, and the distance of identity. DIR keeps the videos and `scores.json`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from statistics import mean, median

from schemas.clock import SAMPLE_RATE_HZ
from speech2vid.dubbing.blend import BLENDS
from speech2vid.dubbing.dub import DubOptions, dub_tracked
from speech2vid.dubbing.dubbed_video import DubbedVideo, OutputPlan
from speech2vid.dubbing.image_planes import FramePlanes
from speech2vid.dubbing.shown_frames import ShownFrames
from speech2vid.dubbing.tracked_faces import TrackedVideo, track_video
from speech2vid.evaluation.dub_scores import judged_sync, score_dub
from speech2vid.generation.driving_audio import open_audio
from speech2vid.motion import file as motion_file
from speech2vid.rendering import painter_file
from transforms.media.frames_pyav import PyavFrames
from transforms.people.face_networks import load_face_network

MIN_PROBABILITY = 0.5  # from which on `build` takes the audio for the face's own


def main(argv: list[str] | None = None) -> int:
    """Dub, score, and print the tables; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", nargs="+", required=True, metavar="FILE", help="two or more, of different people")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR")
    parser.add_argument("--blends", nargs="+", choices=BLENDS, default=BLENDS)
    parser.add_argument("--face_network", default="none", help="as of talkshard evaluate (default: %(default)s)")
    parser.add_argument("--motion", type=Path, default=motion_file.DEFAULT_PATH)
    parser.add_argument("--painter", type=Path, default=painter_file.DEFAULT_PATH)
    args = parser.parse_args(argv)
    args.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for row in measured(args):
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    (args.output / "scores.json").write_text(json.dumps(rows, indent=1))
    print("\n".join(table(rows)))
    return 0


def measured(args: argparse.Namespace) -> Iterator[dict[str, object]]:
    """A row for each video and condition: a blend with another's or with its own audio, or the control."""
    network = load_face_network(args.face_network)
    for place, video in enumerate(args.videos):
        other = args.videos[(place + 1) % len(args.videos)]
        with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
            tracked = track_video(video, Path(folder))
            control = args.output / f"{place}_control.mkv"
            with_other_audio(tracked, other, control)
            yield _row(video, other, "control", _sync(control))
            for blend in args.blends:
                options = DubOptions(blend=blend, motion=args.motion, painter=args.painter)
                changed = args.output / f"{place}_{blend}.mp4"
                dub_tracked(tracked, other, changed, options)
                yield _row(video, other, blend, asdict(score_dub(tracked, str(changed), None)) | _sync(changed))
                same = args.output / f"{place}_{blend}.mkv"
                dub_tracked(tracked, video, same, replace(options, is_lossless=True))
                yield _row(video, video, blend, asdict(score_dub(tracked, str(same), network)))


def _sync(video: Path) -> dict[str, float | None]:
    probability, lag = judged_sync(str(video))
    return {"probability": probability, "lag_frames": lag}


def with_other_audio(tracked: TrackedVideo, audio: str, output: Path) -> None:
    """Write the frames of a video as they are, with another file's audio."""
    driving, timeline, video = open_audio(audio), tracked.timeline, tracked.probe.used_video
    frames = ShownFrames(timeline, Fraction(driving.num_samples, SAMPLE_RATE_HZ), "trim")
    plan = OutputPlan(
        path=output,
        source=tracked.path,
        probe=tracked.probe,
        timeline=timeline,
        audio=driving,
        length_s=frames.length_s,
        is_lossless=True,
        comment="a control",
    )
    reader = PyavFrames(tracked.path, video, timeline)
    with DubbedVideo(plan) as written:
        for shown in frames:
            frame = reader.decoded(shown.source_frame)
            if frame is not None:
                ticks = int(timeline.presentation_ticks[0]) + shown.ticks
                written.write_frame(FramePlanes(frame, video.colour).image, ticks, shown.duration_ticks)
    reader.close()


def table(rows: Sequence[dict]) -> list[str]:
    """Markdown: each video with another's audio, and both blends with its own."""
    others = [row for row in rows if row["video"] != row["audio"]]
    own = [row for row in rows if row["video"] == row["audio"]]
    lines = ["| condition | probability >= 0.5 | median lag, largest | outside the face, least |", "|---|---|---|---|"]
    for condition in dict.fromkeys(row["condition"] for row in others):
        found = [row for row in others if row["condition"] == condition]
        accepted = [row for row in found if (row["probability"] or 0) >= MIN_PROBABILITY]
        lags = [abs(row["lag_frames"]) for row in accepted]
        lag = f"{median(lags):.1f}, {max(lags):.1f}" if lags else "-"
        outside = [row["outside_psnr_db"] for row in found if "outside_psnr_db" in row]
        least = f"{min(outside):.1f} dB" if outside else "-"
        lines.append(f"| {condition} | {len(accepted)} of {len(found)} | {lag} | {least} |")
    lines += ["", "| own audio | mouth MSE | seam | identity distance | outside |", "|---|---|---|---|---|"]
    for condition in dict.fromkeys(row["condition"] for row in own):
        found = [row for row in own if row["condition"] == condition]
        values = [_mean(found, name) for name in ("mouth_mse", "seam", "identity_distance", "outside_psnr_db")]
        lines.append(f"| {condition} | {values[0]} | {values[1]} | {values[2]} | {values[3]} dB |")
    return lines


def _row(video: str, audio: str, condition: str, scores: dict[str, object]) -> dict[str, object]:
    return {"video": Path(video).name, "audio": Path(audio).name, "condition": condition, **scores}


def _mean(rows: Sequence[dict], name: str) -> str:
    values = [row[name] for row in rows if row[name] is not None]
    return f"{mean(values):.3g}" if values else "-"


if __name__ == "__main__":
    sys.exit(main())
