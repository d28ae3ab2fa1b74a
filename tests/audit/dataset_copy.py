"""A copy of a stored dataset that a test may change, with hashes, sizes and counts fixed up as a forger does."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow_tables import arrow_schema
from schemas.clip_parts import PLACE_COLUMNS
from schemas.stored.parquet import read_parquet
from transforms.media.tar import tar_end, tar_members

Parts = dict[str, bytes]
"""Name of a clip's part -> its content, in the order of the shard."""


class DatasetCopy:
    """One generation, one part for each table, one shard for each split."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the copy."""
        self.folder = folder

    def change_json(self, name: str, change: Callable[[dict], Any]) -> None:
        """Change dataset.json or run.json; what `change` returns, if anything, takes its place."""
        content = json.loads((self.folder / name).read_bytes())
        changed = change(content)
        (self.folder / name).write_text(json.dumps(content if changed is None else changed))

    def table(self, name: str) -> pa.Table:
        """One table."""
        return read_parquet(self.part(name).read_bytes())

    def part(self, table: str) -> Path:
        """The file of a table."""
        return self.folder / f"manifests/{table}/part-00000.parquet"

    def write_table(self, name: str, table: pa.Table) -> None:
        """Replace a table, whatever its columns."""
        pq.write_table(table, self.part(name))
        self.fix_up(f"manifests/{name}/part-00000.parquet", num_rows=table.num_rows)

    def change_rows(self, name: str, change: Callable[[list[dict]], Any]) -> None:
        """Change the rows of a table."""
        rows = self.table(name).to_pylist()
        change(rows)
        self.write_table(name, pa.Table.from_pylist(rows, arrow_schema(name)))

    def change_row(self, table: str, found: Callable[[dict], bool], **values: Any) -> None:
        """Give columns of the first row that is found other values."""
        self.change_rows(table, lambda rows: next(row for row in rows if found(row)).update(values))

    def change_clip(self, key: str, **values: Any) -> None:
        """Give columns of a clip other values, in its row and in its KEY.json alike."""
        self.change_row("clips", lambda row: row["key"] == key, **values)

        def change(parts: Parts) -> None:
            parts["json"] = json.dumps(json.loads(parts["json"]) | values).encode()

        self.change_parts(key, change)

    def change_parts(self, key: str, change: Callable[[Parts], Any]) -> None:
        """Change the parts of one clip, and move all clips of its shard to where they are then."""

        def change_clips(clips: dict[str, Parts]) -> None:
            change(clips[key])

        self.change_clips(self.shard_of(key), change_clips)

    def change_part(self, key: str, part: str, change: Callable[[bytes], bytes]) -> None:
        """Change the content of one part of one clip."""
        self.change_parts(key, lambda parts: parts.update({part: change(parts[part])}))

    def shard_of(self, key: str) -> str:
        """Path of the shard that a clip's row names."""
        return next(row["shard"] for row in self.table("clips").to_pylist() if row["key"] == key)

    def clips_in(self, shard: str) -> dict[str, Parts]:
        """Key -> parts of the clips in a shard."""
        clips: dict[str, Parts] = {}
        with tarfile.open(self.folder / shard) as tar:
            for member in tar:
                key, _, part = member.name.partition(".")
                content = tar.extractfile(member)
                assert content is not None
                clips.setdefault(key, {})[part] = content.read()
        return clips

    def change_clips(self, shard: str, change: Callable[[dict[str, Parts]], Any]) -> None:
        """Change what clips a shard holds; rows of clips that are still in it get their new places."""
        clips = self.clips_in(shard)
        change(clips)
        stream, places = io.BytesIO(), {}
        for key, parts in clips.items():
            members = tar_members(key, list(parts.items()))
            places[key] = dict(zip(PLACE_COLUMNS, (shard, stream.tell(), len(members)), strict=True))
            stream.write(members)
        stream.write(tar_end(stream.tell()))
        self.change_rows("clips", lambda rows: [row.update(places.get(row["key"], {})) for row in rows])
        self.write_shard(shard, stream.getvalue())

    def change_shard_bytes(self, shard: str, change: Callable[[bytearray], Any]) -> None:
        """Change a shard byte by byte; rows stay as they are."""
        data = bytearray((self.folder / shard).read_bytes())
        change(data)
        self.write_shard(shard, bytes(data))

    def write_shard(self, shard: str, data: bytes) -> None:
        """Replace a shard; its number of clips stays as it is."""
        (self.folder / shard).write_bytes(data)
        self.fix_up(shard)
        facts = {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
        self.change_row("shards", lambda row: row["shard"] == shard, **facts)

    def fix_up(self, path: str, **counts: int) -> None:
        """Make dataset.json agree with an object."""
        data = (self.folder / path).read_bytes()
        facts = {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), **counts}

        def change(record: dict) -> None:
            for item in [*record["shards"], *record["manifests"]]:
                if item["path"] == path:
                    item.update(facts)

        self.change_json("dataset.json", change)
