"""The error of ours in an exception that a runner raised."""

import grpc
import pytest

from pipeline.failures import as_talkshard_error
from schemas.errors import IntegrityError, LostWorker, StorageError

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


def test_an_engine_that_gives_up_on_a_job_is_one_line():
    text = "Pipeline job-1 failed in state FAILED: first\njava.io.IOException: lost task"
    error = as_talkshard_error(RuntimeError(text))
    assert isinstance(error, LostWorker)
    assert str(error) == "the engine gave up on the job: java.io.IOException: lost task"


def test_a_bug_in_a_step_is_a_bug_also_where_an_engine_tells_of_it():
    text = "Pipeline job-1 failed in state FAILED: ZeroDivisionError: boom [while running 'TrackFaces/Run']"
    assert as_talkshard_error(RuntimeError(text)) is None


def test_an_engine_that_is_gone_is_one_line():
    channel = grpc.insecure_channel("127.0.0.1:9")
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/none/None")(b"", timeout=5.0)
    error = as_talkshard_error(caught.value)
    assert isinstance(error, LostWorker) and str(error).startswith("the engine does not answer any more: ")
