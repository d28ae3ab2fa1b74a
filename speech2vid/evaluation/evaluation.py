"""The whole evaluation: clips to scores, one clip's faces in memory at a time."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import StorageError
from speech2vid.evaluation.clip_scores import ClipScore, Judges, judge_clip
from speech2vid.evaluation.conditions import Maker, conditions, mean_stills
from speech2vid.evaluation.examples import Strip, choose_examples, strip_of
from speech2vid.evaluation.face_networks import FaceNetwork
from speech2vid.evaluation.identity import IdentityCalibration, KnownFace, calibrate, embed_faces, faces_to_embed
from speech2vid.evaluation.judged_clips import JudgedClip
from speech2vid.evaluation.measures import Measure, all_measures
from speech2vid.evaluation.page import evaluation_page
from speech2vid.evaluation.retrieval import groups_of, hear
from speech2vid.training.run_folder import write_whole
from transforms.faces.mesh import FaceMesh
from transforms.speakers.sync_network import SyncNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What was found."""

    scores: list[ClipScore]
    measures: list[Measure]
    calibration: IdentityCalibration | None
    strips: dict[str, Strip]


def evaluate_clips(
    clips: Sequence[JudgedClip],
    maker: Maker,
    mesh: FaceMesh,
    face_network: FaceNetwork | None,
    sync_network: SyncNetwork | None,
    num_sounds: int,
    seed: int,
    tell: Callable[[str], None] = lambda line: None,
) -> Evaluated:
    """Scores of all clips; `tell` is given a line now and then."""
    known = {} if face_network is None else {clip.key: know(face_network, clip) for clip in clips}
    tell("true faces are embedded")
    heard = [] if sync_network is None else [audio for clip in clips if (audio := hear(sync_network, clip)) is not None]
    tell("sounds are embedded")
    judges = Judges(
        mesh=mesh,
        face_network=face_network,
        known=known,
        sync_network=sync_network,
        groups=groups_of(heard, num_sounds),
    )
    means, scores, strips = mean_stills(clips), [], {}
    for number, clip in enumerate(clips, 1):
        shown = conditions(maker, clip, clips, means)
        judged = judge_clip(clip, shown, judges)
        scores += [one.score for one in judged]
        strips[clip.key] = strip_of(shown, {one.score.shown: one.opening for one in judged if len(one.opening)})
        tell(f"{number} of {len(clips)} clips")
    calibration = None if face_network is None else calibrate(face_network, list(known.values()))
    return Evaluated(
        scores=scores, measures=all_measures(scores, calibration, seed), calibration=calibration, strips=strips
    )


def know(network: FaceNetwork, clip: JudgedClip) -> KnownFace:
    """Embeddings of a clip's true faces."""
    faces, mesh_px = clip.faces(), clip.mesh_px()
    places = faces_to_embed(len(faces), clip.is_still())
    return KnownFace(
        key=clip.key,
        speaker=clip.speaker,
        vectors=embed_faces(network, faces[places], mesh_px[places], clip.clip.image_px),
    )


def write_evaluation(folder: Path, record: dict[str, object], found: Evaluated) -> None:
    """clips.parquet, report.html, and last evaluation.json, each by one rename. StorageError when it cannot."""
    whole = {
        **record,
        "calibration": found.calibration and dataclasses.asdict(found.calibration),
        "measures": [dataclasses.asdict(measure) for measure in found.measures],
    }
    page = evaluation_page(whole, found.measures, choose_examples(found.scores, found.strips))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([dataclasses.asdict(score) for score in found.scores], _SCHEMA), sink)
    contents = {
        "clips.parquet": sink.getvalue().to_pybytes(),
        "report.html": page.encode(),
        "evaluation.json": json.dumps(whole, indent=1).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_whole(folder / name, content)
    except OSError as error:
        raise StorageError(f"cannot write into {folder}: {error.strerror}; choose another --output") from error


_ARROW = {str: pa.string(), int: pa.int64(), float: pa.float64(), int | None: pa.int64(), float | None: pa.float64()}
_SCHEMA = pa.schema([(field.name, _ARROW[field.type]) for field in dataclasses.fields(ClipScore)])
