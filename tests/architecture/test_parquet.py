"""Parquet is read through schemas/stored/parquet.py alone, which says why."""

import ast

import pytest

from tests.architecture.test_imports import ROOT, name_of, shipped_files

READER = "schemas/stored/parquet.py"
READS = {"ParquetDataset", "ParquetFile", "read_metadata", "read_pandas", "read_schema", "read_table"}
SCANNERS = ("pyarrow.dataset", "pyarrow.feather")
NOT_SHIPPED = ("benchmarks", "demo")


def reads_of(source: str) -> set[str]:
    """Names by which a module's source would read Parquet with pyarrow, wherever they stand in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found |= {node.attr} & READS
        elif isinstance(node, ast.ImportFrom):
            found |= (
                {alias.name for alias in node.names} & READS if (node.module or "").startswith("pyarrow") else set()
            )
            found |= {f"{node.module}.{alias.name}" for alias in node.names} & set(SCANNERS)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & set(SCANNERS)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pyarrow.parquet as pq\npq.read_table(path)",
        "def f():\n    from pyarrow.parquet import ParquetFile",
        "from pyarrow import dataset",
    ],
)
def test_a_read_is_seen_in_each_of_its_forms(source):
    assert reads_of(source)


def test_no_other_module_reads_parquet_with_pyarrow():
    files = [*shipped_files(), *(path for name in NOT_SHIPPED for path in sorted((ROOT / name).rglob("*.py")))]
    found = {name_of(path): reads for path in files if (reads := reads_of(path.read_text()))}
    assert found.pop(READER) == {"ParquetFile"}
    assert found == {}
