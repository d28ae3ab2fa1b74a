"""People of a dataset whose faces are like that of an image, and a sheet that shows them with their distances."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.people_sheet import ShownPerson, people_sheet
from audit.png import write_png
from pipeline.present import PresentDataset
from schemas.errors import UsageError
from schemas.stored.clip import open_rows
from schemas.stored.manifests import Manifests, rows_of, stored_manifests
from transforms.people.face_networks import FaceNetwork, load_face_network

FindFace = Callable[[str, int], tuple[np.ndarray, np.ndarray]]
"""find_face(path, image_px): the face of one person in an image, RGB uint8 as stored faces are, and its mesh in px."""
_MAX_SHOWN = 20  # people on the sheet
_NEAREST = """
SELECT person_id, min(distance) AS distance, count(*) AS num_clips, arg_min(key, (distance, key)) AS key
FROM (SELECT track_id, list_distance(face_embedding, $face::FLOAT[]) AS distance FROM tracks
    WHERE len(face_embedding) = $size)
JOIN clips USING (track_id) WHERE person_id <> '' GROUP BY person_id ORDER BY distance, person_id LIMIT $most
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LikePerson:
    """A person whose face is near that of an image."""

    person_id: str
    distance: float  # of the nearest of the person's tracks
    num_clips: int
    key: str  # of a clip of that track


def people_like(present: PresentDataset, path: str, sheet: Path, find_face: FindFace) -> list[LikePerson]:
    """The people who are as near to the face of an image as faces of one person are; writes the sheet.

    UsageError: the dataset has no people, or the image does not show one face. StorageError: the sheet cannot be
    written.
    """
    recipe = present.recipe
    network = load_face_network(recipe.people.network, "--like")
    if network is None:
        raise UsageError(f"{present.output} was built with --people none: give --source, --speaker, --uri or --clip")
    face_rgb, mesh_px = find_face(path, recipe.clips.image_px)
    with stored_manifests(present.output, ("tracks", "clips")) as manifests:
        nearest = _nearest(manifests, network, face_rgb, mesh_px)
        faces = _faces(present.output, manifests, [one.key for one in nearest])
    shown = [ShownPerson(face_rgb=face_rgb, text=("given", Path(path).name))]
    for one in nearest:
        goes = "would go" if one.distance <= recipe.people.distance else "stays"
        text = (one.person_id, f"{one.distance:.2f}, {goes}")
        shown.append(ShownPerson(face_rgb=faces[one.key], text=text))
    write_png(sheet, people_sheet(shown))
    return [one for one in nearest if one.distance <= recipe.people.distance]


def _nearest(manifests: Manifests, network: FaceNetwork, face_rgb: np.ndarray, mesh_px: np.ndarray) -> list[LikePerson]:
    vector = network.embed(face_rgb, mesh_px).astype(np.float32)
    values = {"face": vector.tolist(), "size": len(vector), "most": _MAX_SHOWN}
    return [LikePerson(**row) for row in rows_of(manifests, _NEAREST, values)]


def _faces(output: str, manifests: Manifests, keys: list[str]) -> dict[str, np.ndarray]:
    rows = manifests.sql("SELECT * FROM clips WHERE list_contains($1, key)", params=[keys]).to_arrow_table()
    return {clip.key: clip.face(clip.num_frames // 2) for clip in open_rows(output, rows)}
