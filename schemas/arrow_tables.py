"""Rows of the stored tables as pyarrow tables and as JSON values."""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.schema_version import SCHEMA_VERSION
from schemas.tables import SORT_BY, TABLES


def arrow_schema(name: str) -> pa.Schema:
    """The pyarrow schema of a table, with unit and description in each field's metadata."""
    fields = [
        pa.field(f.name, f.metadata["type"], metadata={"unit": f.metadata["unit"], "about": f.metadata["about"]})
        for f in dataclasses.fields(TABLES[name])
    ]
    return pa.schema(fields, metadata={"table": name, "schema_version": SCHEMA_VERSION})


def arrow_table(name: str, rows: list[Any]) -> pa.Table:
    """Rows of one table, sorted by SORT_BY, as a pyarrow table."""
    ordered = sorted(rows, key=lambda row: tuple(getattr(row, field) for field in SORT_BY[name]))
    schema = arrow_schema(name)
    return pa.table(
        {field: pa.array([getattr(row, field) for row in ordered], schema.field(field).type) for field in schema.names},
        schema=schema,
    )


def stored_values(row: Any) -> dict[str, Any]:
    """A row's columns by name, float32 columns rounded to float32, so that JSON and Parquet hold the same values."""
    values = {}
    for field in dataclasses.fields(row):
        value = getattr(row, field.name)
        if field.metadata["type"] == pa.float32() and value is not None:
            value = float(str(np.float32(value)))
        values[field.name] = value
    return values
