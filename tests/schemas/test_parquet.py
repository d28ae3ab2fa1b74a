"""Reading Parquet, and that a process can exit right after it."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.stored.parquet import read_parquet

ROOT = Path(__file__).resolve().parents[2]
NUM_PROCESSES = int(os.environ.get("TALKSHARD_EXIT_RUNS", "12"))
"""More of them find a rarer abort: TALKSHARD_EXIT_RUNS=100."""

READ_AND_EXIT = """
import sys, time
sys.setswitchinterval(0.05)  # a thread that waits for the interpreter lock gets it late
from schemas.stored.parquet import read_parquet
with open(sys.argv[1], "rb") as stream:
    table = read_parquet(stream.read() if sys.argv[2] == "bytes" else stream)
end = time.perf_counter() + 0.04
while time.perf_counter() < end:
    pass  # and print nothing: it would let that thread finish
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file of a hundred rows."""
    path = tmp_path_factory.mktemp("parquet") / "table.parquet"
    table = pa.table(
        {"name": [str(row) for row in range(100)], "boxes": [[[1.0, 2.0]] * 4] * 100, "number": range(100)}
    )
    pq.write_table(table, path, compression="zstd")
    return path


@pytest.mark.parametrize("kind", ["bytes", "stream"])
def test_a_process_that_exits_right_after_reading_does_not_abort(path, kind):
    """With `pyarrow.parquet.read_table` three of four of these processes abort, and one of four on a busy machine."""
    for _ in range(NUM_PROCESSES // 2):
        done = subprocess.run(
            [sys.executable, "-c", READ_AND_EXIT, path, kind], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_bytes_and_a_stream_give_the_table_that_was_written(path):
    expected = pq.read_table(path)
    with path.open("rb") as stream:
        assert read_parquet(stream).equals(expected, check_metadata=True)
    assert read_parquet(path.read_bytes()).equals(expected, check_metadata=True)


def test_columns_come_in_the_order_asked_for(path):
    assert read_parquet(path.read_bytes(), ["number", "boxes"]).column_names == ["number", "boxes"]


def test_a_column_that_the_file_lacks_is_an_error(path):
    with pytest.raises(pa.ArrowInvalid, match="no column speaker"):
        read_parquet(path.read_bytes(), ["number", "speaker"])


@pytest.mark.parametrize("data", [b"", b"no Parquet", b"PAR1"])
def test_what_is_no_parquet_is_an_error(data):
    with pytest.raises(pa.ArrowInvalid):
        read_parquet(io.BytesIO(data))
