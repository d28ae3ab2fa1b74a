"""Stills and driving audio become a video: its timing, memory, metadata, and the inputs that it refuses."""

import cv2
import numpy as np
import pytest
import soundfile

from pipeline.commands.generate import main
from schemas.errors import MissingStream, NotMedia, StorageError, UsageError
from speech2vid.generation.driving_audio import open_audio
from speech2vid.generation.stills import StillFinder, find_stills
from speech2vid.generation.talking_faces import mean_talking_face, talking_faces
from speech2vid.generation.talking_video import TalkingVideo
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from speech2vid.motion import file as motion_file
from speech2vid.reader.audio_features import MFCC, SPEECH, WindowStream, feature_columns, frames_with_window, windows_of
from tests.made_media import MadeAudio, make_video, steady_times
from tests.made_streams import make_streams
from tests.pipeline.made_models import needs_models
from tests.speech2vid.made_generator import NUM_IDENTITY, TARGET_OFFSET, write_generator, write_inverter
from transforms.faces.detectors.detections import Detections
from transforms.media.audio import decode_audio
from transforms.media.canonical import CanonicalFace, apply_affine, five_points
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.mfcc import clip_mfcc
from transforms.media.probe import probe_media
from transforms.speakers.speech_encoder import SpeechEncoder

RANDOM = np.random.default_rng(0)
STILLS = np.stack([np.full((112, 112, 3), value, np.uint8) for value in (60, 100)])
BURST_FRAMES = slice(30, 34)
PROGRAM = "talkshard generate"


def samples_with_burst(num_frames=75):
    samples = np.zeros(640 * num_frames, np.int16)
    samples[640 * BURST_FRAMES.start : 640 * BURST_FRAMES.stop] = RANDOM.integers(-9000, 9000, 640 * 4, dtype=np.int16)
    return samples


@pytest.fixture
def network(tmp_path):
    return GeneratorFile(write_generator(tmp_path / "made.onnx"))


@pytest.fixture
def audio_path(tmp_path):
    soundfile.write(tmp_path / "speech.wav", samples_with_burst(), 16000)
    return str(tmp_path / "speech.wav")


def brightness_of(faces):
    return np.concatenate([batch.mean((1, 2, 3)) for batch in faces])


class OneFace:
    """A detector and mesh for images whose red squares are faces."""

    name = sha256 = "made"

    def detect(self, rgb):
        _, _, stats, _ = cv2.connectedComponentsWithStats((rgb[..., 0] > 200).astype(np.uint8))
        boxes = np.array([[x, y, x + width, y + height] for x, y, width, height, _ in stats[1:]], np.float32)
        return Detections(
            boxes_xyxy=boxes.reshape(-1, 4),
            scores=np.ones(len(boxes), np.float32),
            landmarks=np.tile(np.array([[0, 0], [1, 0], [0, 0], [0, 0], [0, 0]], np.float32), (len(boxes), 1, 1)),
        )

    def locate(self, rgb, region):
        """A mesh in the region's centre whose eyes and nose tip lie where the stored face has them."""
        mesh = RANDOM.uniform(-40, 40, (468, 3)).astype(np.float32) + np.array([56, 56, 0])
        right, left, nose = CanonicalFace().targets
        mesh[[33, 133], :2], mesh[[263, 362], :2], mesh[1, :2] = right, left, nose
        return (mesh + np.array([region.centre_x - 56, region.centre_y - 56, 0])).astype(np.float32), 1.0


def image_of(tmp_path, *squares, name="still.png"):
    rgb = np.full((300, 400, 3), 90, np.uint8)
    for x, y, side in squares:
        rgb[y : y + side, x : x + side] = (230, 40, 40)
    cv2.imwrite(str(tmp_path / name), rgb[..., ::-1])
    return str(tmp_path / name)


def made_finder():
    return StillFinder(112, detector=OneFace(), mesh=OneFace())


def test_the_face_moves_in_the_frames_that_have_audio(network, audio_path):
    audio = open_audio(audio_path)
    brightness = brightness_of(talking_faces(network, STILLS, audio.blocks(), audio.num_frames))
    assert len(brightness) == 75
    quiet = np.delete(brightness, np.arange(BURST_FRAMES.start - 1, BURST_FRAMES.stop + 1))
    assert brightness[BURST_FRAMES].min() > quiet.max() + 20
    np.testing.assert_allclose(quiet, 40, atol=1)


def test_streamed_mfcc_windows_equal_those_of_the_whole_audio():
    samples = RANDOM.integers(-9000, 9000, 640 * 40, dtype=np.int16)
    frames = frames_with_window(40, MFCC, TARGET_OFFSET)
    whole = windows_of(clip_mfcc(samples)[1:], frames, MFCC, TARGET_OFFSET)[:, 0]
    stream, blocks = WindowStream(MFCC, TARGET_OFFSET), np.split(samples, range(1111, len(samples), 1111))
    found = [stream.push(columns) for columns in feature_columns(blocks, MFCC)]
    found = np.concatenate([*found, stream.close(40)])
    assert found.shape == (40, 12, 35)
    # The last window of the whole is padded with zeros, which a stream does not have.
    np.testing.assert_allclose(found[frames[:-1]], whole[:-1], atol=1e-4)


def test_streamed_speech_windows_equal_those_of_the_whole_audio():
    samples = RANDOM.integers(-9000, 9000, 640 * 100, dtype=np.int16)
    frames = frames_with_window(100, SPEECH, SPEECH.target_offset)
    whole = windows_of(SpeechEncoder().encode(samples).T, frames, SPEECH, SPEECH.target_offset)[:, 0]
    stream, blocks = WindowStream(SPEECH, SPEECH.target_offset), np.split(samples, range(1111, len(samples), 1111))
    found = [stream.push(columns) for columns in feature_columns(blocks, SPEECH)]
    found = np.concatenate([*found, stream.close(100)])
    assert found.shape == (100, 288, 22)
    np.testing.assert_array_equal(found[frames], whole)


def test_gain_widens_the_movement_and_keeps_the_mean(network, audio_path):
    audio = open_audio(audio_path)
    mean = mean_talking_face(network, STILLS, audio)
    plain, wide = (brightness_of(talking_faces(network, STILLS, audio.blocks(), 75, mean, gain)) for gain in (1.0, 1.5))
    assert wide.std() == pytest.approx(1.5 * plain.std(), rel=0.05)
    assert wide.mean() == pytest.approx(plain.mean(), abs=1.5)


def test_a_deblurring_network_is_applied_to_the_faces(network, audio_path, tmp_path):
    audio, inverter = open_audio(audio_path), DeblurringFile(write_inverter(tmp_path / "d.onnx"))
    plain = brightness_of(talking_faces(network, STILLS, audio.blocks(), 75))
    inverted = brightness_of(talking_faces(network, STILLS, audio.blocks(), 75, deblurring=inverter))
    np.testing.assert_allclose(inverted, 255 - plain, atol=1)


def test_only_one_batch_of_frames_of_long_audio_is_held_in_memory(network):
    taken = []

    def blocks():
        for number in range(400):
            taken.append(number)
            yield np.zeros(640, np.int16)

    next(talking_faces(network, STILLS, blocks(), 400))
    assert len(taken) < 40


def test_the_video_is_in_sync_and_its_metadata_says_that_it_was_generated(network, audio_path, tmp_path):
    audio, path = open_audio(audio_path), tmp_path / "out.mp4"
    with TalkingVideo(path, (112, 112), "Generated: by a test") as video:
        for block in audio.blocks():
            video.write_audio(block)
        for faces in talking_faces(network, STILLS, audio.blocks(), audio.num_frames):
            for face in faces:
                video.write_image(face)
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    with FrameReader(str(path), probe, timeline) as reader:
        brightness = np.array([rgb.mean() for _, rgb in reader.frames(np.arange(probe.video.num_frames))])
    decoded = np.concatenate(list(decode_audio(str(path), probe.audio_streams[0].index, timeline.zero_s, 640 * 75)))
    written = soundfile.read(audio_path, dtype="int16")[0].astype(np.float64)
    lags = np.arange(-40, 41)
    correlation = [np.dot(np.roll(written, lag), decoded) for lag in lags]
    assert probe.video.num_frames == 75 and int(brightness.argmax()) in range(BURST_FRAMES.start, BURST_FRAMES.stop)
    assert lags[int(np.argmax(correlation))] == 0
    import av

    with av.open(str(path)) as container:
        assert container.metadata["comment"] == "Generated: by a test"


def test_a_video_that_failed_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), TalkingVideo(tmp_path / "out.mp4", (112, 112), "") as video:
        video.write_image(np.zeros((112, 112, 3), np.uint8))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_an_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=r"cannot write .*out\.mp4"):
        TalkingVideo(tmp_path / "file" / "out.mp4", (112, 112), "")


def test_the_driving_audio_starts_at_the_streams_first_sample(tmp_path):
    late = make_video(
        tmp_path / "late.mkv",
        steady_times(50, 25),
        audio_streams=[MadeAudio(clicks_s=(1.0,), start_s=0.48, length_s=1.0)],
    )
    audio = open_audio(str(late))
    assert audio.num_frames == 25 and float(audio.zero_s) == pytest.approx(0.48, abs=0.002)


@pytest.mark.parametrize("num_samples", [0, 500])
def test_empty_audio_is_refused(tmp_path, num_samples):
    soundfile.write(tmp_path / "empty.wav", np.zeros(num_samples, np.int16), 16000)
    with pytest.raises((UsageError, MissingStream), match=r"without audio|less than one frame"):
        open_audio(str(tmp_path / "empty.wav"))


def test_silent_audio_is_refused(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(16000, np.int16), 16000)
    with pytest.raises(UsageError, match="silent from start to end"):
        open_audio(str(tmp_path / "silent.wav"))


def test_files_that_are_not_the_network_asked_for_are_refused(tmp_path):
    earlier = r"not a talking-face generator, or of an earlier version: its metadata has no talkshard\.target_offset"
    with pytest.raises(UsageError, match=earlier):
        GeneratorFile(write_generator(tmp_path / "a.onnx", without="talkshard.target_offset"))
    with pytest.raises(UsageError, match="not a talking-face generator"):
        GeneratorFile(write_inverter(tmp_path / "b.onnx"))
    (tmp_path / "c.onnx").write_bytes(b"weights of something else")
    with pytest.raises(UsageError, match="is not an ONNX file"):
        GeneratorFile(tmp_path / "c.onnx")
    with pytest.raises(UsageError, match="cannot read the network"):
        GeneratorFile(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match="not a deblurring network: it takes 2 inputs"):
        DeblurringFile(write_generator(tmp_path / "d.onnx"))


def test_a_still_is_aligned_and_keeps_its_mesh_and_its_image(tmp_path):
    [found] = find_stills([image_of(tmp_path, (100, 60, 112))], 3, made_finder())
    face, mesh = found.still.face_rgb, found.still.mesh_px
    assert face.shape == (112, 112, 3) and face.dtype == np.uint8
    assert face[20:90, 20:90, 0].min() > 200  # the square, shifted to where the stored face lies
    np.testing.assert_allclose(five_points(mesh[None])[0, :3], CanonicalFace().targets, atol=0.01)
    in_image = apply_affine(found.to_image[None], mesh[None, :, :2])[0]
    assert 100 < in_image[1, 0] < 212 and 60 < in_image[1, 1] < 172  # the nose lies in the square


def test_too_many_stills_are_thinned_out_over_all_images(tmp_path):
    paths = [image_of(tmp_path, (100, 60, 100 + 2 * number), name=f"{number}.png") for number in range(5)]
    chosen = find_stills(paths, 2, made_finder())
    assert [round(float(np.hypot(*one.to_image[:2, 0])), 2) for one in chosen] == [1.0, 1.0]
    assert [int((one.image_rgb[..., 0] > 200).sum()) for one in chosen] == [100 * 100, 108 * 108]


def test_an_error_names_an_image_without_a_face(tmp_path):
    with pytest.raises(UsageError, match=r"still\.png: no face was found"):
        find_stills([image_of(tmp_path)], 1, made_finder())


def test_an_error_names_a_missing_image():
    with pytest.raises(UsageError, match=r"--identity none\.png: no such file"):
        find_stills(["none.png"], 1, made_finder())


def test_a_video_without_a_face_and_a_file_without_video_are_refused_as_identity(tmp_path, audio_path):
    with TalkingVideo(tmp_path / "grey.mp4", (112, 112), "") as video:
        for _ in range(10):
            video.write_image(np.full((112, 112, 3), 90, np.uint8))
        video.write_audio(np.zeros(6400, np.int16))
    with pytest.raises(UsageError, match=r"grey\.mp4: no face was found"):
        find_stills([str(tmp_path / "grey.mp4")], 2, made_finder())
    with pytest.raises(UsageError, match=r"speech\.wav has no video"):
        find_stills([audio_path], 2, made_finder())


class FaceInSmallImages(OneFace):
    """Detects one face in each image of 96 x 64 px, and none in others."""

    def detect(self, rgb):
        shows_one = rgb.shape == (64, 96, 3)
        boxes = np.array([[30, 10, 70, 50]] * shows_one, np.float32).reshape(-1, 4)
        landmarks = np.zeros((len(boxes), 5, 2), np.float32)
        return Detections(boxes_xyxy=boxes, scores=np.ones(len(boxes), np.float32), landmarks=landmarks)


def test_of_several_video_streams_the_identity_is_taken_from_the_one_that_shows_a_face(tmp_path):
    slides_and_camera = make_streams(tmp_path / "a.mkv", videos=[(160, 96), (96, 64)])
    finder = StillFinder(112, detector=FaceInSmallImages(), mesh=OneFace())
    assert len(find_stills([str(slides_and_camera)], 2, finder)) == 2


def test_an_image_of_two_people_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"still\.png shows 2 people"):
        find_stills([image_of(tmp_path, (20, 60, 100), (200, 60, 90))], 1, made_finder())


def test_a_bystander_is_not_a_second_person(tmp_path):
    assert len(find_stills([image_of(tmp_path, (20, 60, 100), (200, 60, 30))], 1, made_finder())) == 1


def test_an_error_names_a_damaged_image(tmp_path):
    path = image_of(tmp_path, (100, 60, 112))
    with open(path, "r+b") as file:
        file.truncate(60)
    with pytest.raises((NotMedia, UsageError), match=r"still\.png"):
        find_stills([path], 1, made_finder())


@needs_models
def test_the_command_makes_a_video_of_an_image_and_audio(tmp_path, audio_path, capsys):
    from skimage import data

    cv2.imwrite(str(tmp_path / "her.png"), data.astronaut()[..., ::-1])
    checkpoint, output = write_generator(tmp_path / "made.onnx"), tmp_path / "made.mp4"
    inputs = ["--identity", str(tmp_path / "her.png"), "--audio", audio_path, "--checkpoint", str(checkpoint)]
    assert main([*inputs, "--output", str(output)], PROGRAM) == 0
    probe, _ = probe_media(str(output), LimitsConfig(), AudioConfig())
    assert probe.video.num_frames == 75 and probe.video.width == 224
    assert "75 frames, 3.00 s" in capsys.readouterr().out


@needs_models
def test_the_command_moves_a_portrait_in_its_whole_image_with_the_bundled_networks(tmp_path, audio_path, capsys):
    from skimage import data

    cv2.imwrite(str(tmp_path / "her.png"), data.astronaut()[..., ::-1])
    inputs = ["--identity", str(tmp_path / "her.png"), "--audio", audio_path, "--output", str(tmp_path / "out.mp4")]
    assert main(inputs, PROGRAM) == 0
    probe, timeline = probe_media(str(tmp_path / "out.mp4"), LimitsConfig(), AudioConfig())
    assert (probe.video.num_frames, probe.video.width, probe.video.height) == (75, 512, 512)
    with FrameReader(str(tmp_path / "out.mp4"), probe, timeline) as reader:
        images = np.stack([rgb for _, rgb in reader.frames(np.arange(75))]).astype(float)
    moves = images.std(0).mean(2)
    assert moves[140:170, 200:250].mean() > 5 * moves[:80].mean()  # the mouth; hair and background stay
    with pytest.raises(UsageError, match="is a motion network: give it with --motion"):
        main([*inputs, "--checkpoint", str(motion_file.DEFAULT_PATH)], PROGRAM)


@pytest.mark.parametrize("wrong", [["--size_px", "111"], ["--gain", "0"], ["--output", "a.avi"]])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(UsageError, match=wrong[0]):
        main(["--identity", "a", "--audio", "b", "--output", "c.mp4", *wrong], PROGRAM)


def test_a_wrong_number_of_stills_is_refused(network):
    assert network.shape.num_identity == NUM_IDENTITY
    with pytest.raises(ValueError, match="takes stills"):
        network.faces(np.zeros((1, 12, 35), np.float32), STILLS[:1])
