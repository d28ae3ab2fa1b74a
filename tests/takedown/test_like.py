"""People who are like the face in an image: who is near, who goes, and what the sheet shows."""

import cv2
import numpy as np
import pyarrow as pa
import pytest

import talkshard
from audit.people_sheet import ShownPerson, people_sheet
from pipeline.present import present_dataset
from pipeline.takedown.like import people_like
from schemas.arrow_tables import arrow_schema
from schemas.stored.clip import read_clips
from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import ANN, ANN_TOO, BEN
from tests.end_to_end.conftest import IN_PROCESS
from tests.pipeline.made_models import needs_models
from tests.takedown.flags import FIRST, keys_in, table
from transforms.media.canonical import MESH_UNIT
from transforms.people.face_networks import load_face_network


@pytest.fixture
def face(dataset):
    """A stored face with its mesh, whose embedding is that of the tracks of ann, near the other one's of ann."""
    [clip] = [one for one in read_clips(str(dataset)) if one.key == FIRST]
    found = clip.face(3), clip.mesh[3].astype(np.float32) * (clip.image_px / MESH_UNIT)
    vector = load_face_network("dlib").embed(*found).astype(float)
    away = np.eye(len(vector))[0]
    embeddings = {ANN: vector, ANN_TOO: vector + 0.1 * away, BEN: vector + 0.8 * away}
    copy = DatasetCopy(dataset)
    rows = [row | {"face_embedding": embeddings[row["source_id"]].tolist()} for row in copy.table("tracks").to_pylist()]
    copy.write_table("tracks", pa.Table.from_pylist(rows, arrow_schema("tracks")))
    return found


@needs_models
def test_who_is_as_near_as_one_person_would_go_and_all_near_ones_are_shown(dataset, face, tmp_path):
    person_of = {row["source_id"]: row["person_id"] for row in table(dataset, "clips")}
    sheet = tmp_path / "sheet.png"
    found = people_like(present_dataset(str(dataset)), "her.jpg", sheet, lambda path, image_px: face)
    assert [(one.person_id, round(one.distance, 3)) for one in found] == [(person_of[ANN], 0.0)]
    assert found[0].num_clips == sum(row["person_id"] == person_of[ANN] for row in table(dataset, "clips"))
    image = cv2.imread(str(sheet))
    assert image.shape[1] == 3 * 176  # the given face, ann and ben


@needs_models
def test_an_image_that_shows_no_face_is_one_line(dataset, tmp_path, capsys):
    (tmp_path / "blank.png").write_bytes(cv2.imencode(".png", np.full((200, 200, 3), 128, np.uint8))[1].tobytes())
    asked = ("--like", str(tmp_path / "blank.png"), "--sheet", str(tmp_path / "sheet.png"))
    code = talkshard.main(["takedown", str(dataset), *asked, "--reason", "asked", *IN_PROCESS])
    said = capsys.readouterr().err.splitlines()
    assert code == 2 and len(said) == 1 and "--like" in said[0] and "no face was found" in said[0]
    assert len(keys_in(dataset)) == 4


def test_faces_stand_in_rows_with_their_words():
    faces = [ShownPerson(face_rgb=np.full((32, 32, 3), shade, np.uint8), text=("a", "b")) for shade in range(9)]
    sheet = people_sheet(faces)
    assert sheet.shape == (2 * (160 + 2 * 18 + 16), 7 * 176, 3)
    assert (sheet[8 + 80, [8 + 80, 8 + 80 + 176]] == [[0] * 3, [1] * 3]).all()
