"""The error of ours in an exception that a runner raised."""

import pytest

from pipeline.failures import as_talkshard_error
from schemas.errors import IntegrityError, StorageError

WORKER_TRACEBACK = """Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1512, in process
  File "stage.py", line 3, in work
    raise StorageError("cannot write 'x': No space left on device")
{raised} [while running 'WriteShards/Write']
"""


def test_a_storage_error_in_a_workers_text_is_found_with_its_line():
    error = as_talkshard_error(
        RuntimeError(
            WORKER_TRACEBACK.format(raised="schemas.errors.StorageError: cannot write 'x': No space left on device")
        )
    )
    assert isinstance(error, StorageError) and str(error) == "cannot write 'x': No space left on device"


def test_an_error_of_ours_keeps_its_kind_and_loses_the_runners_addition():
    error = as_talkshard_error(IntegrityError("2 clips are lost [while running 'Commit']"))
    assert isinstance(error, IntegrityError) and str(error) == "2 clips are lost"


@pytest.mark.parametrize(
    "text", ["OSError: [Errno 28] No space left on device", "OSError: [Errno 122] Disk quota exceeded"]
)
def test_a_full_disk_anywhere_is_a_storage_error(text):
    assert isinstance(as_talkshard_error(RuntimeError(text)), StorageError)


def test_a_cause_is_searched_too():
    try:
        raise RuntimeError("the job failed") from StorageError("cannot write 'y'")
    except RuntimeError as error:
        assert str(as_talkshard_error(error)) == "cannot write 'y'"


def test_anything_else_is_a_bug():
    assert as_talkshard_error(ValueError("boom")) is None
