"""Real recordings, from file to turns, in which the voice is not, or not certainly, that of the face in view."""

import functools
import shutil
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from schemas.clock import SAMPLES_PER_FRAME
from schemas.records import Window
from tests.made_records import made_source
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.faces.track_faces import track_faces
from transforms.media.audio import read_audio_span
from transforms.media.audio_rate import speech_at_rate
from transforms.media.canonical import CanonicalFace
from transforms.media.config import LimitsConfig
from transforms.media.tubes import TubeFile, write_tubes
from transforms.media.window_frames import WindowFrames
from transforms.prepare.config import AudioConfig, SpeechConfig
from transforms.prepare.prepare_video import prepare_video
from transforms.prepare.speech_models import load_speech_model
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import WindowJudgement, find_speakers
from transforms.speakers.sync_network import load_sync_network

pytestmark = [needs_shared, needs_models]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """path -> what the stages decide about the recording; None when it holds no speech."""
    staging = tmp_path_factory.mktemp("staging")

    @functools.cache
    def judge(path: str) -> WindowJudgement | None:
        folder = staging / path.replace("/", "_")
        folder.mkdir()
        window = _window(path, folder)
        return None if window is None else _judged(window)

    return judge


def _window(path, folder) -> Window | None:
    def publish(suffix, local_path):
        return shutil.copy(local_path, folder / f"video{suffix}")

    speech = SpeechConfig()
    prepared = prepare_video(
        made_source(str(shared(path))),
        str(shared(path)),
        load_speech_model(speech),
        limits=LimitsConfig(),
        audio=AudioConfig(),
        min_speech_s=speech.min_speech_s,
        publish=publish,
    )
    if prepared.video is None:
        return None
    return Window(video=prepared.video, index=0, start_frame=0, end_frame=prepared.video.num_frames, is_last=True)


def _judged(window: Window) -> WindowJudgement:
    config = FacesConfig()
    images = WindowFrames(lambda uri: uri)
    faces, tubes = track_faces(
        window=window,
        images=images.of(window),
        mesh=MediaPipeMesh(),
        config=config,
        canonical=CanonicalFace(),
        detector=load_detector("centerface", min_box_px=config.min_box_px, score=config.detector_score),
        damaged_share=LimitsConfig().damaged_share,
        stopwatch=Stopwatch(),
        tube_uri="made",
    )
    images.close()
    audio = read_audio_span(
        window.video.audio_uri,
        -AUDIO_MARGIN_FRAMES * SAMPLES_PER_FRAME,
        (window.end_frame + AUDIO_MARGIN_FRAMES) * SAMPLES_PER_FRAME,
    )
    return find_speakers(
        faces,
        TubeFile(write_tubes(tubes)),
        audio,
        load_sync_network("default"),
        SpeakersConfig(),
        min_box_px=config.min_box_px,
        min_track_s=config.min_track_s,
        min_turn_s=1.0,
    )


def left_to_right(judgement):
    """Tracks of a second and more, from left to right."""
    tracks = [row for row in judgement.rows if row.end_frame - row.start_frame >= 25]
    return [row.track_id for row in sorted(tracks, key=lambda row: row.box_xyxy[0])]


def speakers(judgement):
    """Tracks that speak, in the order of their turns."""
    turns = sorted(judgement.turns.turns, key=lambda turn: turn.start_frame)
    return [turn.track.track_id for turn in turns]


def drops(judgement):
    return {row.rule for row in judgement.decisions if not row.kept}


def test_of_a_speakers_and_an_interpreters_voice_at_most_one_is_the_faces(judged):
    # The same video with each of the two separated voices; it is not known which voice is the face's.
    found = [judged(f"hard/voice_not_of_face/xX64kcZW8cs_{number}.mp4") for number in (0, 1)]
    assert min(len(speakers(one)) for one in found) == 0


def test_a_mouth_that_moves_to_music_does_not_speak(judged):
    found = judged("hard/no_speech/d12.mp4")
    assert found is None or speakers(found) == []


def test_a_voice_whose_mouth_is_turned_away_has_no_speaker(judged):
    found = judged("hard/two_people/zh_monologue_1.mp4")
    assert speakers(found) == [] and "has_mesh" in drops(found)


def test_of_two_mouths_that_move_the_one_that_makes_the_audio_speaks(judged):
    found = judged("hard/known_speaker/two_right_speaks.mp4")
    faces = left_to_right(found)
    assert speakers(found) == [faces[1]] and len(faces) == 2


def test_where_the_other_mouth_matches_nearly_as_well_the_wrong_one_is_never_taken(judged):
    found = judged("hard/known_speaker/two_left_speaks.mp4")
    faces = left_to_right(found)
    assert set(speakers(found)) <= {faces[0]} and len(faces) == 2 and (speakers(found) or "overlap" in drops(found))


def test_two_who_take_turns_have_a_turn_each(judged):
    found = judged("hard/known_speaker/two_take_turns.mp4")
    assert sorted(speakers(found)) == sorted(left_to_right(found)) and len(speakers(found)) == 2


def test_two_who_speak_at_once_give_no_turn(judged):
    found = judged("hard/known_speaker/two_both_speak.mp4")
    assert speakers(found) == [] and "overlap" in drops(found)


def test_audio_that_runs_fast_is_corrected(judged):
    [path] = shared("hard/footage").glob("k20_*")
    found = judged(f"hard/footage/{path.name}")
    assert found.turns.audio_rate == Fraction(147, 160)
    [turn] = found.turns.turns
    assert turn.end_frame - turn.start_frame > 110 and abs(turn.sync.lag_frames) < 1 and turn.sync.lag_se_frames < 0.3


@pytest.mark.parametrize("rate", [Fraction(160, 147), Fraction(24, 25), Fraction(25, 24), Fraction(147, 160)])
def test_audio_at_any_common_rate_is_corrected(tmp_path, rate):
    window = _window("dev/clips/WDA_KatieHill_000.mp4", tmp_path)
    samples, _ = soundfile.read(window.video.audio_uri, dtype="int16")
    at_rate = resample_poly(samples.astype(np.float64), rate.numerator, rate.denominator)
    soundfile.write(window.video.audio_uri, np.round(at_rate).astype(np.int16), 16_000, format="FLAC")
    speech = speech_at_rate(window.video.speech, 1 / rate)
    found = _judged(replace(window, video=replace(window.video, speech=speech)))
    assert found.turns.audio_rate == rate and len(found.turns.turns) == 1
    assert found.rows[0].audio_lag_frames == pytest.approx(2.6, abs=0.7)


def test_a_speaker_and_the_self_view_are_one_person(judged):
    found = judged("hard/footage/k29_self_view.mp4")
    large = max(found.rows, key=lambda row: row.face_source_px).track_id
    assert speakers(found) == [large] and drops(found) == {"max_lip_correlation"}
    [turn] = found.turns.turns
    assert turn.end_frame - turn.start_frame == 150
