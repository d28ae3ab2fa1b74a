"""One face and one audio that is right, or wrong in a known way."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from benchmarks.active_speaker.audio_changes import random_of, replaced_by_noise, reversed_audio, silenced
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome, sync_fields
from benchmarks.active_speaker.segments import Face, Segment, SegmentAudio, audio_under, own_audio, segments_by_length
from schemas.clock import FRAME_RATE

GROUP = "pairs"
RIGHT, OTHER_PERSON, OTHER_SENTENCE = "right", "another person", "same person, other sentence"
_MOVED_FRAMES = FRAME_RATE  # beyond the 15 frames that are searched
_MIN_APART_FRAMES = 2 * FRAME_RATE  # of two segments of one recording
_MAX_PAIRS = 2000  # of a kind and a length


def judge_pairs(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Right and wrong audio at every length."""
    for length_s, segments in segments_by_length(faces).items():
        for segment in segments:
            yield from judge_own(judge, segment, length_s, seed)
        for kind, is_partner in ((OTHER_PERSON, is_another_person), (OTHER_SENTENCE, is_another_sentence)):
            pairs = [pair for pair in product(segments, segments) if is_partner(*pair)]
            for segment, other in drawn(pairs, _MAX_PAIRS, random_of(seed, GROUP, kind, str(length_s))):
                audio = audio_under(other.face, other.start_frame, segment.num_frames)
                yield judged(judge, segment, audio, kind, length_s, other.name)


def judge_own(judge: Judge, segment: Segment, length_s: int, seed: int) -> Iterator[Outcome]:
    """The segment's own audio, unchanged and corrupted."""
    own = own_audio(segment)
    yield judged(judge, segment, own, RIGHT, length_s, segment.name, segment.lag_frames)
    corrupted = {
        "1 s off": moved_off(segment),
        "reversed": reversed_audio(own),
        "silence": silenced(own),
        "speech-shaped noise": replaced_by_noise(own, segment.face, random_of(seed, GROUP, segment.name)),
    }
    for kind, audio in corrupted.items():
        yield judged(judge, segment, audio, kind, length_s, segment.name)


def moved_off(segment: Segment) -> SegmentAudio:
    """The segment's own audio a second late or early, whichever has more speech within the segment."""
    return max(
        (own_audio(segment, late) for late in (_MOVED_FRAMES, -_MOVED_FRAMES)),
        key=lambda audio: int(audio.counts[FRAME_RATE:-FRAME_RATE].sum()),
    )


def judged(
    judge: Judge,
    segment: Segment,
    audio: SegmentAudio,
    kind: str,
    length_s: int,
    audio_name: str,
    true_lag_frames: float | None = None,
    group: str = GROUP,
) -> Outcome:
    """SyncResult and verdict; `value` is by how many frames the stage would move the audio of a face that it keeps."""
    tube = segment.tube()
    verdict, applied_frames = judge.verdict(segment.face, tube, audio)
    return Outcome(
        group=group,
        kind=kind,
        length_s=length_s,
        speaker=segment.speaker,
        face=segment.name,
        audio=audio_name,
        true_lag_frames=true_lag_frames,
        verdict=verdict,
        value=applied_frames,
        yaw_deg=segment.face.track.row.yaw_deg,
        **sync_fields(judge.score_sync(tube, audio)),
    )


def is_another_person(segment: Segment, other: Segment) -> bool:
    """Whether the audio is another person's."""
    return segment.speaker != other.speaker


def is_another_sentence(segment: Segment, other: Segment) -> bool:
    """Whether the audio is the same person's from another recording, or from at least two seconds away in the same."""
    if segment.speaker != other.speaker:
        return False
    if segment.face is not other.face:
        return True
    apart = max(segment.start_frame, other.start_frame) - min(segment.end_frame, other.end_frame)
    return apart >= _MIN_APART_FRAMES


def drawn(cases: list, max_cases: int, rng: np.random.Generator) -> list:
    """All cases, or a random sample of max_cases in their order."""
    if len(cases) <= max_cases:
        return cases
    return [cases[number] for number in np.sort(rng.choice(len(cases), max_cases, replace=False))]
