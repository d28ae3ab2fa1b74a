"""Faults in shards and in the parts of clips."""

import io
import itertools
import json
import tarfile

import cv2
import numpy as np
import soundfile

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import npy_bytes
from tests.audit.planting import FIRST, SECOND, TRAIN, Plants
from transforms.clips.clip_parts import flac_bytes
from transforms.media.face_crop import encode_jpeg
from transforms.media.tar import tar_members

PLANTS = Plants()
plant = PLANTS.plant


def _array(name, part, change, expected):
    def put(copy: DatasetCopy) -> None:
        copy.change_part(FIRST, part, lambda data: npy_bytes(change(np.load(io.BytesIO(data)))))

    PLANTS.add(name, put, f"{FIRST}.*{expected}")


def _content(name, part, change, expected):
    PLANTS.add(name, lambda copy: copy.change_part(FIRST, part, change), f"{FIRST}.*{expected}")


def _shard(name, change, expected):
    PLANTS.add(name, lambda copy: copy.change_shard_bytes(TRAIN, change), expected)


def _set(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def _changed_json(**values):
    return lambda data: json.dumps(json.loads(data) | values).encode()


_array("index_off_by_one", "faces_index.npy", lambda index: _set(index, 3, index[3] + 1), "faces.mjpg: frame 3")
_array("index_of_another_type", "faces_index.npy", lambda index: index.astype(np.int64), "faces_index.npy.*int64")
_array("index_too_short", "faces_index.npy", lambda index: index[:-1], "faces_index.npy.*shape")
_array("mfcc_of_other_audio", "mfcc.npy", lambda mfcc: mfcc + np.float32(0.5), "mfcc.npy")
_array("mfcc_of_one_column", "mfcc.npy", lambda mfcc: _set(mfcc, (2, 50), 0), "mfcc.npy")
_array("mfcc_not_a_number", "mfcc.npy", lambda mfcc: _set(mfcc, (2, 50), np.nan), "mfcc.npy")
_array("mfcc_of_another_type", "mfcc.npy", lambda mfcc: mfcc.astype(np.float64), "mfcc.npy.*float64")
_array("mfcc_turned", "mfcc.npy", lambda mfcc: np.ascontiguousarray(mfcc.T), "mfcc.npy.*shape")
_array("mfcc_of_other_byte_order", "mfcc.npy", lambda mfcc: mfcc.astype(">f4"), "mfcc.npy")
_array("mesh_too_short", "mesh.npy", lambda mesh: mesh[:-1], "mesh.npy.*shape")
_array("mesh_of_floats", "mesh.npy", lambda mesh: mesh.astype(np.float32), "mesh.npy.*float32")
_array("mesh_of_another_face", "mesh.npy", lambda mesh: mesh[::-1].copy(), "(landmarks.npy|mesh)")
_array("landmarks_not_a_number", "landmarks.npy", lambda marks: _set(marks, (0, 0, 0), np.inf), "landmarks.npy")
_array("landmarks_of_another_face", "landmarks.npy", lambda marks: marks + np.float32(2), "landmarks.npy")
_array("align_without_inverse", "align.npy", lambda align: _set(align, (4, slice(None), slice(0, 2)), 0), "align.npy")
_array("align_not_a_number", "align.npy", lambda align: _set(align, (4, 0, 0), np.nan), "align.npy")

_content("array_of_objects", "align.npy", lambda data: _pickled(), "align.npy")
_content("array_cut_off", "mesh.npy", lambda data: data[:-100], "mesh.npy")
_content("array_with_more_bytes", "mesh.npy", lambda data: data + b"secret", "mesh.npy")
_content("array_is_text", "landmarks.npy", lambda data: b"none", "landmarks.npy")
_content("array_is_empty", "landmarks.npy", lambda data: b"", "landmarks.npy")
_content("audio_too_short", "flac", lambda data: flac_bytes(_samples(data)[:-640]), "flac.*shape")
_content(
    "audio_one_sample_long", "flac", lambda data: flac_bytes(np.append(_samples(data), np.int16(0))), "flac.*shape"
)
_content("audio_of_another_rate", "flac", lambda data: _audio(_samples(data), 8000), "flac.*8000 Hz")
_content("audio_in_stereo", "flac", lambda data: _audio(np.stack([_samples(data)] * 2, 1), 16000), "flac.*mono")
_content("audio_of_24_bit", "flac", lambda data: _audio(_samples(data), 16000, subtype="PCM_24"), "flac.*PCM_24")
_content("audio_as_wav", "flac", lambda data: _audio(_samples(data), 16000, format="WAV"), "flac.*WAV")
_content("audio_cut_off", "flac", lambda data: data[: len(data) // 2], "flac")
_content("audio_is_text", "flac", lambda data: b"la la la", "flac")
_content("audio_of_another_clip", "flac", lambda data: flac_bytes(_samples(data)[::-1].copy()), "mfcc.npy")
_content("json_is_a_list", "json", lambda data: b"[1]", "json")
_content("json_cut_off", "json", lambda data: data[:40], "json")
_content("json_of_no_text", "json", lambda data: b"\xff\xfe\xff", "json")
_content("json_with_another_column", "json", _changed_json(passport="x"), "json.*passport")
_content("json_without_a_column", "json", lambda data: data.replace(b'"consent": "signed", ', b""), "json.*consent")
_content("json_of_another_licence", "json", _changed_json(licence="CC0"), "json.*licence")
_content("json_of_another_consent", "json", _changed_json(consent=""), "json.*consent")
_content("json_of_another_length", "json", _changed_json(num_frames=24), "json.*num_frames")
_content("json_of_another_key", "json", _changed_json(key=SECOND), "json.*key")
_content("json_with_a_true_for_a_number", "json", _changed_json(audio_rate_correction=True), "json.*audio_rate_corr")
_content("json_with_a_number_too_large", "json", _changed_json(sharpness=10**400), "json.*sharpness")

_shard("shard_is_text", lambda data: data.__setitem__(slice(None), b"x" * len(data)), f"{TRAIN}.*(tar|begins)")
_shard("shard_is_empty", lambda data: data.clear(), TRAIN)
_shard("shard_cut_off", lambda data: data.__delitem__(slice(len(data) // 2, None)), TRAIN)
_shard("shard_without_end", lambda data: data.__delitem__(slice(-10240, None)), TRAIN)
_shard("more_behind_the_end", lambda data: data.extend(b"secret" + bytes(10234)), f"{TRAIN}.*end")
_shard("hidden_in_the_end", lambda data: data.__setitem__(slice(-6, None), b"secret"), f"{TRAIN}.*end")
_shard("clip_hidden_behind_the_end", lambda data: data.extend(tar_members("x", [("flac", b"")])), f"{TRAIN}.*end")
_shard("time_of_a_member", lambda data: data.__setitem__(slice(0, 512), _header(mtime=1)), f"{FIRST}.*(member|tar)")
_shard("owner_of_a_member", lambda data: data.__setitem__(slice(0, 512), _header(uname="me")), f"{FIRST}.*(member|tar)")
_shard("member_is_a_link", lambda data: data.__setitem__(slice(0, 512), _header(type=tarfile.SYMTYPE)), FIRST)
_shard("checksum_of_a_member", lambda data: data.__setitem__(148, data[148] ^ 1), TRAIN)
_shard("size_of_a_member_as_text", lambda data: data.__setitem__(slice(124, 135), b"many bytes!"), TRAIN)


def _samples(data: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(data), dtype="int16")[0]


def _audio(samples: np.ndarray, rate: int, format: str = "FLAC", subtype: str = "PCM_16") -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=format, subtype=subtype)
    return stream.getvalue()


def _pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{}]), allow_pickle=True)
    return stream.getvalue()


def _header(**fields) -> bytes:
    header = tarfile.TarInfo(f"{FIRST}.json")
    for name, value in {"size": 1100, **fields}.items():
        setattr(header, name, value)
    return header.tobuf(tarfile.USTAR_FORMAT)


def _change_faces(copy: DatasetCopy, change, index_too: bool = True) -> None:
    """Change the list of a clip's JPEGs, with the index fixed up."""

    def put(parts) -> None:
        index = np.load(io.BytesIO(parts["faces_index.npy"]))
        jpegs = [parts["faces.mjpg"][a:b] for a, b in itertools.pairwise(index)]
        jpegs = change(jpegs)
        parts["faces.mjpg"] = b"".join(jpegs)
        if index_too:
            parts["faces_index.npy"] = npy_bytes(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32))

    copy.change_parts(FIRST, put)


def _faces(name, change, expected, index_too=True):
    PLANTS.add(name, lambda copy: _change_faces(copy, change, index_too), f"{FIRST}.*{expected}")


def _grey() -> bytes:
    return cv2.imencode(".jpg", np.zeros((32, 32), np.uint8))[1].tobytes()


_faces("a_face_less", lambda jpegs: jpegs[:-1], "faces_index.npy")
_faces("a_face_less_not_in_the_index", lambda jpegs: jpegs[:-1], "faces", index_too=False)
_faces("two_faces_as_one", lambda jpegs: [*jpegs[:-2], jpegs[-2] + jpegs[-1], jpegs[0]], "faces")
_faces("face_cut_off", lambda jpegs: [jpegs[0][:-60], *jpegs[1:]], "faces.mjpg.*frame 0")
_faces("face_is_text", lambda jpegs: [*jpegs[:3], b"a face", *jpegs[4:]], "faces.mjpg.*frame 3")
_faces("face_is_empty", lambda jpegs: [*jpegs[:3], b"", *jpegs[4:]], "faces.mjpg.*frame 3")
_faces("face_is_png", lambda jpegs: [_png(), *jpegs[1:]], "faces.mjpg.*frame 0")
_faces("face_is_grey", lambda jpegs: [_grey(), *jpegs[1:]], "faces.mjpg.*frame 0")
_faces("face_of_another_size", lambda jpegs: [_black(48), *jpegs[1:]], "faces.mjpg")
_faces("face_without_its_middle", lambda jpegs: [jpegs[0][:700] + jpegs[0][-2:], *jpegs[1:]], "faces.mjpg.*frame 0")
_faces("bytes_behind_a_face", lambda jpegs: [jpegs[0] + b"secret\xff\xd9", *jpegs[1:]], "faces.mjpg.*frame 0")


def _black(px: int) -> bytes:
    return encode_jpeg(np.zeros((px, px, 3), np.uint8), 95)


def _png() -> bytes:
    return cv2.imencode(".png", np.zeros((32, 32, 3), np.uint8))[1].tobytes()


@plant(f"{FIRST}.*mfcc.npy")
def part_missing(copy: DatasetCopy) -> None:
    copy.change_parts(FIRST, lambda parts: parts.pop("mfcc.npy"))


@plant(f"{FIRST}.*txt")
def part_too_many(copy: DatasetCopy) -> None:
    copy.change_parts(FIRST, lambda parts: parts.update({"txt": b"her address"}))


@plant(f"{FIRST}.*parts")
def parts_in_another_order(copy: DatasetCopy) -> None:
    copy.change_parts(FIRST, lambda parts: parts.update({"flac": parts.pop("flac")}))


@plant("clip intruder in .* has no row")
def clip_without_a_row(copy: DatasetCopy) -> None:
    copy.change_clips(TRAIN, lambda clips: clips.update(intruder=clips[FIRST]))


@plant(f"{FIRST} has a row, but is not in")
def clip_missing(copy: DatasetCopy) -> None:
    copy.change_clips(TRAIN, lambda clips: clips.pop(FIRST))


@plant(f"{TRAIN}.*order")
def clips_in_another_order(copy: DatasetCopy) -> None:
    copy.change_clips(TRAIN, lambda clips: clips.update({FIRST: clips.pop(FIRST)}))


@plant(f"{FIRST}.*twice")
def clip_twice_in_a_shard(copy: DatasetCopy) -> None:
    members = tar_members(FIRST, list(copy.clips_in(TRAIN)[FIRST].items()))
    copy.change_shard_bytes(TRAIN, lambda data: data.__setitem__(slice(0, 0), members))


@plant(f"{FIRST}.*its row says")
def row_that_points_elsewhere(copy: DatasetCopy) -> None:
    copy.change_row("clips", lambda row: row["key"] == FIRST, tar_length=512)


@plant(f"clip {FIRST} in {TRAIN} has no row")
def clip_in_two_shards(copy: DatasetCopy) -> None:
    parts = copy.clips_in(TRAIN)[FIRST]
    copy.change_clips("shards/val-000000.tar", lambda clips: clips.update({FIRST: parts}))
