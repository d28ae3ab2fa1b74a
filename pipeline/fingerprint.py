"""A fingerprint of what was listed: names, what was given with them, and size and time or etag of each file."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence

from schemas.records import VideoSource
from transforms.beam_support.listings import listed_versions

_WHERE_IT_LIES = ("uri", "name")


def inputs_fingerprint(sources: Sequence[VideoSource]) -> str:
    """The same for the same files with the same metadata; nothing is read but listings."""
    versions = listed_versions([source.uri for source in sources])
    lines = [
        [one.stored_name, {k: v for k, v in dataclasses.asdict(one).items() if k not in _WHERE_IT_LIES}, version]
        for one, version in zip(sources, versions, strict=True)
    ]
    return hashlib.sha256(json.dumps(sorted(lines, key=repr), sort_keys=True).encode()).hexdigest()
