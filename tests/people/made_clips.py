"""Made clips whose people are colours, and a recognition network that tells colours apart."""

import hashlib
import io
from fractions import Fraction

import numpy as np
import onnx
from onnx import TensorProto, helper

from schemas.records import ClipRef, WindowOutcome
from tests.manifests.made_rows import facts, track
from tests.shards.clip_refs import clip_row
from transforms.media.canonical import LEFT_EYE, MESH_UNIT, MOUTH_CORNERS, NOSE_TIP, RIGHT_EYE
from transforms.media.face_crop import encode_jpeg
from transforms.media.tar import tar_members

PX, FRAMES = 112, 6
RED, BLUE = (220, 30, 30), (30, 30, 220)
SECOND = Fraction(1)


def write_colour_network(path):
    """A network of the shape of InsightFace's: the mean of each colour channel."""
    pool = helper.make_node("GlobalAveragePool", ["face"], ["mean"])
    flat = helper.make_node("Flatten", ["mean"], ["embedding"])
    face = helper.make_tensor_value_info("face", TensorProto.FLOAT, [1, 3, 112, 112])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 3])
    graph = helper.make_graph([pool, flat], "colour", [face], [embedding])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return str(path)


def frontal_mesh():
    """A mesh whose five points lie where recognition networks expect them: int16 (468, 3)."""
    mesh = np.full((468, 3), 56.0)
    points = {RIGHT_EYE: (38.3, 51.7), LEFT_EYE: (73.5, 51.5), (NOSE_TIP,): (56.0, 71.7)}
    points |= {(MOUTH_CORNERS[0],): (41.5, 92.4), (MOUTH_CORNERS[1],): (70.7, 92.2)}
    for numbers, place in points.items():
        mesh[list(numbers), :2] = place
    mesh[10], mesh[152], mesh[33, 0], mesh[263, 0] = (56, 10, 56), (56, 105, 56), 37.3, 74.5
    return np.round(mesh * (MESH_UNIT / PX)).astype(np.int16)


def npy(array):
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def write_clip(folder, key, colour, **fields):
    """A clip in a pack of its own, as far as its faces go."""
    face = np.full((PX, PX, 3), colour, np.uint8)
    jpegs = [encode_jpeg(face, 95)] * FRAMES
    parts = [
        ("mesh.npy", npy(np.stack([frontal_mesh()] * FRAMES))),
        ("faces.mjpg", b"".join(jpegs)),
        ("faces_index.npy", npy(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32))),
    ]
    members, pack = tar_members(key, parts), folder / f"{key}.pack"
    pack.write_bytes(members)
    track_id = key.rpartition("-")[0]
    given = {"speaker": "", "group": "", "num_frames": FRAMES, "image_px": PX, "track_id": track_id, **fields}
    row = clip_row(key, key[:16], "train", f"source:{key[:16]}", **given)
    sha256 = hashlib.sha256(members).hexdigest()
    return ClipRef(key=key, split="train", pack_uri=str(pack), offset=0, length=len(members), sha256=sha256, row=row)


def collections(clips, given=None):
    """What FindPeople takes, of clips of one track and one window a source."""
    sources = sorted({clip.row.source_id for clip in clips})
    return {
        "clips": clips,
        "outcomes": [
            WindowOutcome(
                source_id=one,
                window_index=0,
                outcome="clips",
                num_clips=sum(clip.row.source_id == one for clip in clips),
                damaged_frames=0,
            )
            for one in sources
        ],
        "tracks": [track(f"{one}-w00000-t000", one) for one in sources],
        "facts": [facts(one, 1, given_split=(given or {}).get(one, "")) for one in sources],
    }
