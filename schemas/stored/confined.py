"""Paths and names that a dataset's own files give, confined to the dataset: a changed file must not lead out of it."""

import re
from collections.abc import Mapping
from typing import Any

from schemas.errors import IntegrityError

_NO_PATH = re.compile(r"[\\\x00-\x1f]")


def confined_path(path: object, dataset: str) -> str:
    """A path below the dataset, as it is given. IntegrityError: it leads out of the dataset, or is no path."""
    parts = path.split("/") if isinstance(path, str) else [""]
    if not isinstance(path, str) or {"", ".", ".."} & set(parts) or _NO_PATH.search(path):
        raise IntegrityError(f"{dataset} names {path!r}, which is no path inside it: it was changed; copy it again")
    return path


def confined_name(name: object, dataset: str) -> str:
    """An id or key that can name a file, as it is given. IntegrityError: it is a path, or empty."""
    if not isinstance(name, str) or "/" in name:
        raise IntegrityError(f"{dataset} has the id {name!r}, which can name no file: it was changed; copy it again")
    return confined_path(name, dataset)


def require_own_paths(record: Mapping[str, Any], dataset: str) -> None:
    """IntegrityError where a dataset.json names an object outside the dataset, or what is no object at all."""
    for name in ("shards", "manifests"):
        for one in record.get(name, ()):
            if not isinstance(one, Mapping) or "path" not in one:
                raise IntegrityError(
                    f"{dataset}: dataset.json lists {one!r} under {name}: it was changed; copy it again"
                )
            confined_path(one["path"], dataset)
    confined_path(record.get("run", "run.json"), dataset)
