"""croissant.json: a dataset in the words of MLCommons' Croissant 1.0, so that others' tools find and load its clips."""

import dataclasses
import json
from typing import Any

import pyarrow as pa

from schemas.stored.manifests import Manifests, rows_of
from schemas.stored.record import dataset_record
from schemas.tables import ClipRow

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_TABLE = "clips"
_TYPES = {pa.string(): "sc:Text", pa.bool_(): "sc:Boolean", pa.int64(): "sc:Integer"}  # all others are numbers
_OF_CROISSANT = (
    "citeAs column conformsTo:dct data dataType equivalentProperty examples extract field fileProperty fileObject "
    "fileSet format includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform"
).split()
_TYPED = {"data": "@json", "dataType": "@vocab", "examples": "@json"}


def croissant(output: str, run: dict[str, Any], manifests: Manifests) -> str:
    """Make the JSON. `run`: the content of run.json. UsageError: there is no dataset.json."""
    record = dataset_record(output)
    parts = [part for part in record["manifests"] if part["table"] == _TABLE]
    [counted] = rows_of(manifests, "SELECT count(*) AS clips, count(DISTINCT source_id) AS sources FROM clips")
    content = {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": output.rstrip("/").rsplit("/", 1)[-1],
        "description": f"{counted['clips']} clips of one talking face each, with the audio aligned to the images, from "
        f"{counted['sources']} sources. Shards in WebDataset format; their clips are described in the clips table.",
        "license": [line["licence"] or "not given" for line in record["licences"]],
        "version": f"{record['generation']}.0.0",
        "datePublished": run.get("finished", run["started"]),  # a run that was killed in its last step has no end
        "distribution": [_file(part, "application/x-parquet") for part in parts]
        + [_file(shard, "application/x-tar") for shard in record["shards"]],
        "recordSet": [_record_set(_TABLE if len(parts) == 1 else part["path"], part["path"]) for part in parts],
    }
    return json.dumps(content, indent=1)


def _context() -> dict[str, Any]:
    """The @context that Croissant asks for, word by word."""
    context: dict[str, Any] = {"@language": "en", "@vocab": "https://schema.org/"}
    for word in _OF_CROISSANT:
        name, _, vocabulary = word.partition(":")
        url = f"{vocabulary or 'cr'}:{name}"
        context[name] = {"@id": url, "@type": _TYPED[name]} if name in _TYPED else url
    vocabularies = {"cr": "http://mlcommons.org/croissant/", "dct": "http://purl.org/dc/terms/"}
    return context | vocabularies | {"rai": "http://mlcommons.org/croissant/RAI/", "sc": "https://schema.org/"}


def _file(item: dict[str, Any], encoding: str) -> dict[str, Any]:
    """An object that dataset.json lists."""
    return {
        "@type": "cr:FileObject",
        "@id": item["path"],
        "name": item["path"],
        "contentUrl": item["path"],
        "contentSize": f"{item['size_bytes']} B",
        "encodingFormat": encoding,
        "sha256": item["sha256"],
    }


def _record_set(name: str, part: str) -> dict[str, Any]:
    """The rows of one part of the clips table."""
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": "A row for each clip: provenance, quality, and its place in its shard.",
        "key": {"@id": f"{name}/key"},
        "field": [_field(name, part, column) for column in dataclasses.fields(ClipRow)],
    }


def _field(name: str, part: str, column: dataclasses.Field[Any]) -> dict[str, Any]:
    about, unit = column.metadata["about"], column.metadata["unit"]
    return {
        "@type": "cr:Field",
        "@id": f"{name}/{column.name}",
        "name": column.name,
        "description": f"{about} ({unit})" if unit else about,
        "dataType": _TYPES.get(column.metadata["type"], "sc:Float"),
        "source": {"fileObject": {"@id": part}, "extract": {"column": column.name}},
    }
