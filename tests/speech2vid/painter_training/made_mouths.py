"""A dataset of drawn faces: skin of one colour, red lips, and a mouth that is dark behind white upper teeth."""

import functools
from pathlib import Path

import cv2
import numpy as np

from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import INNER_LIPS, OUTER_LIPS, UPPER_INNER_LIP
from tests.speech2vid.face_datasets import face_parts, npy, write_faces
from tests.speech2vid.rendering.made_faces import made_mesh
from transforms.media.canonical import MESH_UNIT
from transforms.media.face_crop import encode_jpeg

NUM_FRAMES, IMAGE_PX = 12, 128
LIPS, DARK, TEETH = (190, 60, 70), (40, 10, 15), (240, 240, 230)


@functools.cache
def _mesh(opening: float) -> np.ndarray:
    return made_mesh(IMAGE_PX, opening)


def made_mouth(opening: float, skin: tuple[int, int, int] = (210, 160, 130)) -> Still:
    """A face whose mouth is open so far, 0..1."""
    mesh = _mesh(opening)
    image = np.full((IMAGE_PX, IMAGE_PX, 3), skin, np.uint8)
    outer, inner = (np.round(mesh[list(line), :2] * 16).astype(np.int32) for line in (OUTER_LIPS, INNER_LIPS))
    cv2.fillPoly(image, [outer], LIPS, cv2.LINE_AA, 4)
    cv2.fillPoly(image, [inner], DARK, cv2.LINE_AA, 4)
    inside = cv2.fillPoly(np.zeros(image.shape[:2], np.uint8), [inner], 1, cv2.LINE_8, 4) == 1
    teeth_end = mesh[list(UPPER_INNER_LIP), 1].mean() + 0.03 * IMAGE_PX
    image[inside & (np.arange(IMAGE_PX) < teeth_end)[:, None]] = TEETH
    return Still(face_rgb=image, mesh_px=mesh)


def write_mouths(folder: Path, num_people: int = 3, num_validated: int = 2) -> str:
    """Write a dataset with one clip of each person, some of the val split."""
    numbers = {"train-000000": range(num_people), "val-000000": range(num_people, num_people + num_validated)}
    shards = {name: {f"clip{number}": _parts(number) for number in found} for name, found in numbers.items()}
    rows = {
        f"clip{number}": {"num_frames": NUM_FRAMES, "image_px": IMAGE_PX, "speaker": f"person{number}"}
        for number in range(num_people + num_validated)
    }
    return write_faces(folder, shards, rows)


def _parts(person: int) -> dict[str, bytes]:
    skin = tuple(int(level) for level in np.random.default_rng(person).uniform(110, 220, 3))
    stills = [made_mouth(opening, skin) for opening in np.round(np.abs(np.sin(np.arange(NUM_FRAMES) + person)), 1)]
    jpegs = [encode_jpeg(still.face_rgb, 95) for still in stills]
    mesh = np.stack([still.mesh_px for still in stills]) * (MESH_UNIT / IMAGE_PX)
    return face_parts(NUM_FRAMES) | {
        "faces.mjpg": b"".join(jpegs),
        "faces_index.npy": npy(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32)),
        "mesh.npy": npy(mesh.astype(np.int16)),
    }
