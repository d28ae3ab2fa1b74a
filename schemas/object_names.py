"""Names of the objects that hold a dataset's clips and rows: shards and parts of tables, of any generation."""

import re

from schemas.records import SPLITS
from schemas.tables import TABLES

SHARD = re.compile(rf"shards/({'|'.join(SPLITS)})-\d{{6,}}(\.g\d+)?\.tar")
PART = re.compile(rf"manifests/({'|'.join(TABLES)})/part-\d{{5,}}(\.g\d+)?\.parquet")


def is_data(path: str) -> bool:
    """Whether a path below a dataset is one that builds give to a shard or a part of a table."""
    return bool(SHARD.fullmatch(path) or PART.fullmatch(path))
