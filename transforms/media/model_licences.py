"""Hash and licence of weights: of pinned models, of the bundled networks, and of files that a user gives."""

import hashlib
from pathlib import Path

from transforms.media.models import MODELS, known_model

BUNDLED = "research use, mixed data licences"  # the weights in this package: see the cards beside them
INSIGHTFACE_PACK = "non-commercial research"
INSIGHTFACE = "insightface "  # begin of the names of a pack's files in run.json
SYNC_NETWORK = "sync network "  # begin of the name of the sync network's file
GIVEN = "given by you: licence unknown"


def pinned_weights(name: str) -> dict[str, str]:
    """Hash and licence of a model in the table, with where the licence's text is."""
    model = known_model(name)
    return {"sha256": model.member_sha256, "licence": model.licence, "licence_url": model.licence_url}


def file_weights(path: Path, licence: str = GIVEN) -> dict[str, str]:
    """Hash of a file and its licence, which is known where the file is one of the pinned models."""
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    pinned = {model.member_sha256: model.licence for model in MODELS.values()}
    return {"sha256": sha256, "licence": pinned.get(sha256, licence)}


def licence_of(name: str, sha256: str, is_bundled: bool) -> str:
    """The licence of weights, by their name in run.json and their hash. is_bundled: they come with this package."""
    for model in MODELS.values():
        if name == model.name or sha256 == model.member_sha256:
            return model.licence
    if name.startswith(INSIGHTFACE):
        return INSIGHTFACE_PACK
    return BUNDLED if is_bundled else GIVEN
