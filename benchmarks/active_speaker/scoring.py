"""The whole benchmark: from the table of clips to recordings, outcomes and scores."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.active_speaker.cases_of_faces import judge_faces, judge_handovers, judge_voice_over
from benchmarks.active_speaker.cases_of_images import changed_segment, judge_images, segments_to_change
from benchmarks.active_speaker.cases_of_lags import judge_drift, judge_lags
from benchmarks.active_speaker.cases_of_noise import judge_noise
from benchmarks.active_speaker.cases_of_pairs import judge_pairs
from benchmarks.active_speaker.cases_of_recordings import judge_recordings
from benchmarks.active_speaker.clip_table import ListedClip, read_clip_table
from benchmarks.active_speaker.cost import cost_ms_per_face_second
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.lag_measures import lag_measures
from benchmarks.active_speaker.measures import Measure
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.page import score_page
from benchmarks.active_speaker.pair_measures import pair_measures
from benchmarks.active_speaker.recordings import Recording, read_recording, write_whole
from benchmarks.active_speaker.scene_measures import face_measures, image_measures, noise_measures, recording_measures
from benchmarks.active_speaker.score_table import print_scores
from benchmarks.active_speaker.segments import Face, main_face
from schemas.errors import MediaError, UsageError
from transforms.faces.stopwatch import Stopwatch
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.sync_network import load_sync_network

OF_FACES: dict[str, Callable[[Judge, Sequence[Face], int], Iterator[Outcome]]] = {
    "pairs": judge_pairs,
    "lags": judge_lags,
    "drift": judge_drift,
    "faces": judge_faces,
    "handover": judge_handovers,
    "voice_over": judge_voice_over,
    "noise": judge_noise,
    "images": judge_images,
}
MEASURES = {
    "pairs": pair_measures,
    "lags": lag_measures,
    "drift": lag_measures,
    "faces": face_measures,
    "handover": face_measures,
    "voice_over": face_measures,
    "noise": noise_measures,
    "images": image_measures,
    "recordings": recording_measures,
}


def score_clips(
    table: Path, judge_name: str, output: Path, cache: Path, seed: int, groups: Sequence[str], workers: int
) -> None:
    """Score a judge by its --sync name; write the files and print the table. UsageError: a wrong table or judge."""
    if judge_name == "none":
        raise UsageError("--judge none judges nothing: give default, FILE.onnx or syncnet:FILE")
    clips, network, config = read_clip_table(table), load_sync_network(judge_name), SpeakersConfig(network=judge_name)
    judge, watch = Judge(network, config), Stopwatch()
    with watch("finding faces"):
        listed, skipped = read_recordings(clips, cache, workers)
        faces, unseen = in_sync_faces(listed)
    with watch("changing images"):
        if "images" in groups:
            changes = segments_to_change(faces)
            mapped(changed_segment, [segment for segment, _ in changes], [kind for _, kind in changes], workers=workers)
    outcomes = judge_cases(judge, listed, faces, groups, seed, watch)
    with watch("intervals"):
        measures = all_measures(outcomes, groups, seed)
    scores = {
        "judge": judge.network.name,
        "judge_sha256": judge.network.sha256,
        "seed": seed,
        "groups": list(groups),
        "table_sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        "num_clips": len(clips),
        "num_speakers": len({face.clip.speaker for face in faces}),
        "skipped": [*skipped, *unseen],
        "measures": [asdict(measure) for measure in measures],
        "recordings": [_listed_answer(case) for case in outcomes if case.group == "recordings"],
    }
    costs = {
        "spent_msec": dict(watch.milliseconds()),
        "judge_ms_per_face_second": cost_ms_per_face_second(network, config, faces),
    }
    write_whole(output / "scores.json", json.dumps(scores, indent=1).encode())
    write_whole(output / "costs.json", json.dumps(costs, indent=1).encode())
    write_whole(output / "report.html", score_page(scores, measures, outcomes, faces, costs).encode())
    print_scores(scores, measures, costs)


def read_recordings(
    clips: Sequence[ListedClip], cache: Path, workers: int
) -> tuple[list[tuple[ListedClip, Recording]], list[str]]:
    """Each clip with its recording, and one line for each clip that cannot be read."""
    found = mapped(partial(_read, cache=cache), [clip.path for clip in clips], workers=workers)
    pairs = list(zip(clips, found, strict=True))
    listed = [(clip, recording) for clip, recording in pairs if isinstance(recording, Recording)]
    return listed, [f"{clip.name}: {why}" for clip, why in pairs if isinstance(why, str)]


def mapped(work: Callable, *arguments: Sequence, workers: int) -> list:
    """Results of `work` for each of the arguments, in order; in several processes where there are several workers."""
    if workers == 1:
        return list(map(work, *arguments))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, *arguments))


def in_sync_faces(listed: Sequence[tuple[ListedClip, Recording]]) -> tuple[list[Face], list[str]]:
    """The faces that cases are cut from, and one line for each clip without a face."""
    found = [(clip, main_face(clip, recording)) for clip, recording in listed if clip.kind == "in_sync"]
    return (
        [face for _, face in found if face],
        [f"{clip.name}: no face in a window with speech" for clip, face in found if not face],
    )


def judge_cases(
    judge: Judge,
    listed: Sequence[tuple[ListedClip, Recording]],
    faces: Sequence[Face],
    groups: Sequence[str],
    seed: int,
    watch: Stopwatch,
) -> list[Outcome]:
    """Outcomes of all groups."""
    outcomes = []
    for group in groups:
        with watch(group):
            outcomes += (
                judge_recordings(judge, listed) if group == "recordings" else OF_FACES[group](judge, faces, seed)
            )
        print(f"{group}: {dict(watch.milliseconds())[group] / 1000:.0f} s", file=sys.stderr)
    return outcomes


def all_measures(outcomes: Sequence[Outcome], groups: Sequence[str], seed: int) -> list[Measure]:
    """Measures of the groups that were scored, those with a target first."""
    functions = list(dict.fromkeys(MEASURES[group] for group in groups))
    found = [measure for function in functions for measure in function(outcomes, seed) if measure.group in groups]
    return sorted(found, key=lambda measure: measure.target is None)


def _read(path: Path, cache: Path) -> Recording | str:
    try:
        return read_recording(path, cache)
    except MediaError as error:
        return str(error)


def _listed_answer(case: Outcome) -> dict[str, object]:
    return {name: value for name, value in asdict(case).items() if name != "curve"}
