import io
import tarfile
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.clip_parts import MEDIA_PARTS
from schemas.records import SpeakingTurn, WindowTurns
from schemas.sync_result import SyncResult
from schemas.tables import DecisionRow
from tests.speakers.made_windows import made_faces, made_track, made_turn, tube_of_events
from transforms.clips.config import ClipsConfig
from transforms.clips.cut_clips import CutClip, cut_clips, split_turn
from transforms.media.audio_rate import read_at_rate
from transforms.media.canonical import FILL_VALUE, apply_affine
from transforms.media.face_crop import decode_jpeg, encode_jpeg
from transforms.media.mfcc import clip_mfcc
from transforms.media.tubes import TubeFile, write_tubes

TRACK_START, NUM_FRAMES = 10, 60
AUDIO = np.random.default_rng(0).integers(-9000, 9000, 640 * 200).astype(np.int16)


def read_audio(start, end):
    padded = np.concatenate([np.zeros(16_000, np.int16), AUDIO, np.zeros(16_000, np.int16)])
    return padded[16_000 + start : 16_000 + end]


def made_tube(bridged=(), align=None):
    """Each frame is of its own grey, and its face lies where its cut-out does."""
    jpegs = [encode_jpeg(np.full((112, 112, 3), 4 * t, np.uint8), 95) for t in range(NUM_FRAMES)]
    still = np.tile(np.eye(2, 3, dtype=np.float32), (NUM_FRAMES, 1, 1))
    aligned = still if align is None else np.tile(align, (NUM_FRAMES, 1, 1))
    return replace(
        tube_of_events(np.arange(NUM_FRAMES)),
        align=aligned,
        crop_to_source=still,
        interpolated=np.isin(np.arange(NUM_FRAMES), bridged),
        crops_jpeg=np.frombuffer(b"".join(jpegs), np.uint8),
        crops_index=np.cumsum([0, *map(len, jpegs)]).astype(np.uint32),
    )


def cut(shift=0, start=20, end=60, bridged=(), align=None, rate=Fraction(1), **config):
    track = made_track(0, TRACK_START, TRACK_START + NUM_FRAMES)
    turn = SpeakingTurn(
        turn_id="s",
        track=track,
        start_frame=start,
        end_frame=end,
        audio_shift_samples=shift,
        sync=SyncResult(
            lag_frames=2.25,
            lag_se_frames=0.1,
            probability=0.9,
            confidence=0.5,
            margin=0.2,
            peak=0.6,
            num_frames=40,
            coverage=1.0,
            curve=(),
        ),
    )
    faces = made_faces(100, [track], [made_turn(0, 40)])
    turns = WindowTurns(faces=faces, turns=(turn,), sync_network="made", sync_network_sha256="", audio_rate=rate)
    config = ClipsConfig(**{"min_mouth_visibility": 0.0, **config})  # the made faces have no mouth
    return list(cut_clips(turns, TubeFile(write_tubes({"t00": made_tube(bridged, align)})), read_audio, config))


def clips_of(items):
    return [item for item in items if isinstance(item, CutClip)]


def parts_of(clip):
    with tarfile.open(fileobj=io.BytesIO(clip.members + bytes(1024))) as tar:
        return {member.name.split(".", 1)[1]: tar.extractfile(member).read() for member in tar}


def array(parts, name):
    return np.load(io.BytesIO(parts[name]), allow_pickle=False)


def audio_of(parts):
    return soundfile.read(io.BytesIO(parts["flac"]), dtype="int16")


@pytest.mark.parametrize("shift", [0, 1920, -1600, 161])
def test_the_shift_of_a_turn_moves_the_samples(shift):
    [clip] = clips_of(cut(shift))
    samples, rate = audio_of(parts_of(clip))
    assert clip.row.audio_shift_samples == shift and rate == 16_000
    assert np.array_equal(samples, AUDIO[20 * 640 + shift : 60 * 640 + shift])


@pytest.mark.parametrize("rate", [Fraction(147, 160), Fraction(25, 24)])
def test_audio_at_another_rate_is_resampled_and_the_row_says_so(rate):
    [clip] = clips_of(cut(320, rate=rate))
    samples, _ = audio_of(parts_of(clip))
    assert clip.row.audio_rate_correction == float(rate) and clip.row.audio_shift_samples == 320
    assert np.array_equal(samples, read_at_rate(read_audio, rate, 20 * 640 + 320, 60 * 640 + 320))
    assert clips_of(cut())[0].row.audio_rate_correction == 1.0


def test_audio_before_the_source_is_silence():
    samples, _ = audio_of(parts_of(clips_of(cut(-12 * 640, start=10, end=50))[0]))
    assert not samples[: 2 * 640].any() and np.array_equal(samples[2 * 640 :], AUDIO[: 38 * 640])


def test_a_clip_has_all_parts_but_its_row_in_order_and_no_trace_of_the_machine():
    [clip] = clips_of(cut())
    with tarfile.open(fileobj=io.BytesIO(clip.members + bytes(1024))) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [f"{clip.row.key}.{part}" for part in MEDIA_PARTS]
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}
    assert len(clip.members) % 512 == 0


def test_the_arrays_have_an_entry_for_each_frame():
    parts = parts_of(clips_of(cut())[0])
    shapes = {name: array(parts, name).shape for name in MEDIA_PARTS if name.endswith("npy")}
    assert shapes == {
        "mfcc.npy": (13, 160),
        "landmarks.npy": (40, 5, 2),
        "align.npy": (40, 2, 3),
        "mesh.npy": (40, 468, 3),
        "faces_index.npy": (41,),
    }


def test_the_stored_mfcc_is_that_of_the_stored_audio():
    parts = parts_of(clips_of(cut(960))[0])
    assert np.array_equal(array(parts, "mfcc.npy"), clip_mfcc(audio_of(parts)[0]))


def test_one_frame_can_be_read_through_the_index():
    parts = parts_of(clips_of(cut())[0])
    index = array(parts, "faces_index.npy")
    face = decode_jpeg(parts["faces.mjpg"][index[7] : index[8]])  # frame 27 of the source, 17 of the track
    assert face.shape == (112, 112, 3) and abs(int(face[50, 50, 0]) - 4 * 17) <= 2
    assert array(parts, "mesh.npy")[7, 0, 0] == 17


def test_a_face_larger_than_its_crop_is_filled():
    parts = parts_of(clips_of(cut(image_px=128))[0])
    face = decode_jpeg(parts["faces.mjpg"][: array(parts, "faces_index.npy")[1]])
    assert abs(int(face[125, 125, 0]) - FILL_VALUE) <= 3


def test_the_row_says_when_the_clip_is_and_how_it_was_judged():
    [row] = [clip.row for clip in clips_of(cut(2 * 640))]
    assert (row.audio_lag_frames, row.audio_lag_se_frames, row.audio_shift_samples) == (2.25, 0.1, 1280)
    assert row.sync_probability == 0.9 and row.source_start_s == 0.8 and row.source_end_s == 2.4
    assert row.speech_share == pytest.approx(18 / 40)  # speech until frame 40, two frames late


@given(start=st.integers(0, 500), length=st.integers(1, 5000), max_s=st.floats(1.0, 20.0))
@example(start=0, length=736, max_s=1.9999999999999964)
@example(start=0, length=230, max_s=4.6)
def test_long_turns_are_cut_into_equal_parts(start, length, max_s):
    parts = split_turn(start, start + length, 0.2, max_s)
    lengths = [high - low for low, high in parts]
    assert sum(lengths) == length and parts[0][0] == start and parts[-1][1] == start + length
    assert max(lengths) - min(lengths) <= 1 and max(lengths) / 25 <= max_s
    assert len(lengths) == 1 or length > max_s * 25 - 25


@pytest.mark.parametrize(
    ("length", "min_s", "max_s", "parts"),
    [
        (125, 5.0, 5.0, [125]),
        (126, 5.0, 5.0, [125, 1]),
        (249, 5.0, 5.0, [125, 124]),
        (250, 5.0, 5.0, [125, 125]),
        (138, 4.0, 5.0, [125, 13]),
        (260, 4.0, 5.0, [125, 125, 10]),
        (230, 4.0, 5.0, [115, 115]),
        (230, 4.6, 4.6, [115, 115]),
        (100, 5.0, 5.0, [100]),
    ],
)
def test_where_equal_parts_are_too_short_as_many_whole_clips_as_fit_are_cut(length, min_s, max_s, parts):
    found = split_turn(40, 40 + length, min_s, max_s)
    assert [high - low for low, high in found] == parts
    assert found[0][0] == 40 and all(first[1] == second[0] for first, second in pairwise(found))


@given(length=st.integers(1, 2000), min_frames=st.integers(5, 250), more=st.integers(0, 250))
def test_no_turn_that_holds_a_clip_is_lost_whole(length, min_frames, more):
    min_s, max_s = min_frames / 25, (min_frames + more) / 25
    lengths = [high - low for low, high in split_turn(0, length, min_s, max_s)]
    stored = [one for one in lengths if min_s <= one / 25 <= max_s]
    assert sum(lengths) == length and len(lengths) - len(stored) <= 1
    assert bool(stored) == (length >= min_frames) and length - sum(stored) < max(min_frames, 1)


def test_what_remains_of_a_turn_of_whole_clips_is_a_decision():
    items = cut(max_s=1.0, min_s=1.0)
    assert [(clip.row.start_frame, clip.row.num_frames) for clip in clips_of(items)] == [(20, 25)]
    [dropped] = [item for item in items if isinstance(item, DecisionRow) and not item.kept]
    assert (dropped.rule, dropped.value, dropped.threshold, dropped.subject_id[-8:]) == ("min_s", 0.6, 1.0, "-0000045")


def test_lengths_between_which_no_frame_ends_are_refused():
    with pytest.raises(ValueError, match="no whole number of frames"):
        ClipsConfig(min_s=5.01, max_s=5.03)


def test_each_part_of_a_long_turn_is_a_clip_of_its_own():
    clips = clips_of(cut(max_s=1.0, min_s=0.5))
    assert [(clip.row.start_frame, clip.row.num_frames) for clip in clips] == [(20, 20), (40, 20)]
    assert len({clip.row.key for clip in clips}) == 2


@pytest.mark.parametrize(
    ("settings", "rule"), [({"end": 40}, "min_s"), ({"bridged": range(15, 20)}, "max_bridged_share")]
)
def test_a_clip_that_breaks_a_rule_is_a_decision(settings, rule):
    items = cut(**settings)
    assert not clips_of(items)
    assert [item.rule for item in items if isinstance(item, DecisionRow) and not item.kept] == [rule]


def test_quality_is_measured_on_the_clip_itself():
    [clip] = clips_of(cut(bridged=[12]))
    assert clip.row.bridged_share == pytest.approx(1 / 40)
    power = np.mean(AUDIO[20 * 640 : 60 * 640].astype(float) ** 2)
    assert clip.row.loudness_dbfs == pytest.approx(10 * np.log10(power / 32768**2), abs=1e-3)
    assert clip.row.clipping_share == 0.0


def test_the_stored_map_goes_from_the_aligned_face_to_the_source_frame():
    turned = np.array([[0.5, -0.1, 4.0], [0.1, 0.5, -7.0]], np.float32)
    stored = array(parts_of(clips_of(cut(align=turned))[0]), "align.npy").astype(np.float64)
    points = np.array([[[10.0, 20.0], [90.0, 70.0]]])
    there = apply_affine(turned[None].astype(np.float64), apply_affine(stored[:1], points))
    np.testing.assert_allclose(there, points, atol=1e-3)


def test_a_clip_whose_mouth_is_not_seen_is_dropped_by_the_rule():
    decisions = [item for item in cut(min_mouth_visibility=1.0) if isinstance(item, DecisionRow)]
    assert (decisions[-1].rule, decisions[-1].kept, decisions[-1].threshold) == ("min_mouth_visibility", False, 1.0)
    [clip] = clips_of(cut())
    assert clip.row.mouth_visibility == pytest.approx(decisions[-1].value)
