"""Measures from faces side by side, noise, changed images and whole recordings."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from benchmarks.active_speaker import cases_of_recordings as recordings
from benchmarks.active_speaker import weighted_scores as weighted
from benchmarks.active_speaker.cases_of_faces import BOTH, FACES, HANDOVER, NO_SPEAKER, RIGHT, VOICE_OVER, WRONG
from benchmarks.active_speaker.cases_of_images import GROUP as IMAGES
from benchmarks.active_speaker.cases_of_noise import CLEAN
from benchmarks.active_speaker.cases_of_noise import GROUP as NOISE
from benchmarks.active_speaker.image_changes import AS_IS
from benchmarks.active_speaker.measures import (
    Measure,
    Target,
    is_within,
    measured,
    median_of,
    share_of,
    share_of_flags,
    with_truth,
)
from benchmarks.active_speaker.outcomes import KEPT, Outcome
from benchmarks.active_speaker.pair_measures import of_kind

HANDOVER_S = 0.2
_SAME_CONFIDENCE = 0.10
_TWO_FACES_TARGET = Target(target=0.97, goal=0.99)


def face_measures(outcomes: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """The active speaker among several faces, hand-overs, and voices of no one in view."""
    yield from _choices(_of_group(outcomes, FACES), seed)
    yield from _handovers(_of_group(outcomes, HANDOVER), seed)
    silent = _of_group(outcomes, VOICE_OVER)
    for kind in dict.fromkeys(case.kind for case in silent):
        of_this = of_kind(silent, kind)
        rejected = share_of(lambda case: case.found == case.answer, of_this)
        yield measured(VOICE_OVER, "another's voice: no speaker found", kind, of_this, rejected, seed)


def _choices(cases: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """One voice and several faces: whether the right one is found."""
    for kind, length_s in dict.fromkeys((case.kind, case.length_s) for case in cases):
        group = [case for case in cases if (case.kind, case.length_s) == (kind, length_s)]
        setting = f"{kind}, {length_s} s"
        yield measured(
            FACES,
            "right face has the highest score",
            setting,
            group,
            share_of(lambda case: case.value == 1, group),
            seed,
            target=_TWO_FACES_TARGET if setting == "2 faces, 3 s" else None,
        )
        for found in (RIGHT, WRONG, BOTH, NO_SPEAKER):
            yield measured(
                FACES,
                f"the stage names: {found}",
                setting,
                group,
                share_of(lambda case, found=found: case.found == found, group),
                seed,
            )


def _handovers(handed: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """Two faces that speak one after the other: whether both are found, and how far the hand-over is off."""
    yield measured(
        HANDOVER,
        f"hand-over within {HANDOVER_S:g} s",
        "2 faces",
        handed,
        share_of(lambda case: case.value is not None and abs(case.value) <= HANDOVER_S + 1e-9, handed),
        seed,
    )
    yield measured(
        HANDOVER, "both found to speak", "2 faces", handed, share_of(lambda case: case.value is not None, handed), seed
    )
    found = [case for case in handed if case.value is not None]
    yield measured(
        HANDOVER,
        "median error where found",
        "2 faces",
        found,
        median_of(lambda case: abs(case.value), found),
        seed,
        "s",
    )


def noise_measures(outcomes: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """Lag, verdict and confidence under noise."""
    yield from _changed_measures(_of_group(outcomes, NOISE), CLEAN, seed)


def image_measures(outcomes: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """Lag, verdict and confidence in changed images."""
    cases = _of_group(outcomes, IMAGES)
    for kind in dict.fromkeys(case.kind for case in cases):
        of_change = of_kind(cases, kind)
        yield measured(
            IMAGES,
            "face found again and judged",
            kind,
            of_change,
            share_of(lambda case: case.lag_frames is not None, of_change),
            seed,
        )
    yield from _changed_measures(cases, AS_IS, seed)


def _changed_measures(cases: Sequence[Outcome], unchanged: str, seed: int) -> Iterator[Measure]:
    """Compared with the ground truth, and with the same segment unchanged."""
    before = {case.face: case for case in of_kind(cases, unchanged) if case.lag_frames is not None}
    for kind in dict.fromkeys(case.kind for case in cases):
        changed = of_kind(cases, kind)
        group, known = changed[0].group, with_truth(changed)
        yield measured(group, "lag within 1 frame", kind, known, share_of(is_within(1), known), seed)
        yield measured(group, "kept", kind, changed, share_of(lambda case: case.verdict == KEPT, changed), seed)
        if kind == unchanged:
            continue
        pairs = [(case, before[case.face]) for case in changed if case.face in before]
        compared = [case for case, _ in pairs]
        yield measured(
            group,
            "same lag to 1 frame",
            kind,
            compared,
            share_of_flags(
                [case.lag_frames is not None and abs(case.lag_frames - other.lag_frames) <= 1 for case, other in pairs]
            ),
            seed,
        )
        ratios = [(case.confidence or 0.0) / max(other.confidence, 1e-9) for case, other in pairs]
        yield measured(
            group,
            "confidence within 10 %",
            kind,
            compared,
            share_of_flags([abs(ratio - 1) <= _SAME_CONFIDENCE for ratio in ratios]),
            seed,
        )
        yield measured(group, "median ratio of confidence", kind, compared, _median_of_numbers(ratios), seed, "")


def recording_measures(outcomes: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """Shifted, hard and McGurk recordings; the last have no right answer."""
    cases = _of_group(outcomes, recordings.GROUP)
    moved, hard, mcgurk = (of_kind(cases, kind) for kind in (recordings.OFFSET, recordings.HARD, recordings.MCGURK))
    yield measured(
        recordings.GROUP, "known offset: lag within 1 frame", "whole", moved, share_of(is_within(1), moved), seed
    )
    yield measured(
        recordings.GROUP,
        "hard: answered correctly",
        "whole",
        hard,
        share_of(lambda case: case.found == case.answer, hard),
        seed,
    )
    yield measured(
        recordings.GROUP, "McGurk: kept", "whole", mcgurk, share_of(lambda case: case.verdict == KEPT, mcgurk), seed
    )


def _median_of_numbers(numbers: Sequence[float]) -> Callable[[np.ndarray], float]:
    array = np.array(numbers, float)
    return lambda weights: weighted.median(array, weights)


def _of_group(outcomes: Sequence[Outcome], group: str) -> list[Outcome]:
    return [case for case in outcomes if case.group == group]
