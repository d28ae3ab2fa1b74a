"""Mouths laid on a face: images keep their times, audio is copied, inputs stay."""

import av
import numpy as np
import pytest

from schemas.errors import UnreadableSource, UsageError
from speech2vid.sync_training.composite_mouths import composite_mouths
from tests.shared_data import needs_shared, shared
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import MediaPipeMesh, region_of_detection, region_of_mesh


@needs_shared
def test_a_face_and_its_moving_mouth_are_found_on_a_composited_recording(tmp_path):
    recording = shared("train/mouth_only/00fd314f.mp4")
    folder = tmp_path / "mouths"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(recording.read_bytes())
    written = composite_mouths(folder, tmp_path / "faces")
    assert [path.name for path in written] == ["a.mkv"]
    assert written[0].read_bytes() == composite_mouths(folder, tmp_path / "again")[0].read_bytes()
    with av.open(str(written[0])) as composited, av.open(str(recording)) as source:
        images = [frame.to_ndarray(format="rgb24") for frame in composited.decode(video=0)]
        assert len(images) == sum(1 for _ in source.decode(video=0))
        assert composited.streams.audio[0].codec_context.name == source.streams.audio[0].codec_context.name
    found = load_detector("centerface", min_box_px=32, score=0.5).detect(images[0])
    assert len(found.boxes_xyxy) == 1
    mesh, region, openings = MediaPipeMesh(), region_of_detection(found.boxes_xyxy[0], found.landmarks[0]), []
    for image in images[:50]:
        points, presence = mesh.locate(image, region)
        region = region_of_mesh(points)
        openings.append(points[14, 1] - points[13, 1])
    assert presence > 0 and np.ptp(openings) > 5


def test_an_empty_folder_gets_one_line(tmp_path):
    with pytest.raises(UsageError, match="holds no recordings"):
        composite_mouths(tmp_path, tmp_path / "faces")


def test_a_file_that_is_no_recording_gets_one_line_and_leaves_nothing(tmp_path):
    (tmp_path / "mouths").mkdir()
    (tmp_path / "mouths" / "a.mp4").write_text("no video")
    with pytest.raises(UnreadableSource, match=r"a\.mp4"):
        composite_mouths(tmp_path / "mouths", tmp_path / "faces")
    assert list((tmp_path / "faces").iterdir()) == []
