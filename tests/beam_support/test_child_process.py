import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from transforms.beam_support.child_process import ChildDied, ChildProcess

_PARENT = """
from transforms.beam_support.child_process import ChildProcess
from tests.beam_support.test_child_process import write_pid_and_wait
if __name__ == "__main__":
    ChildProcess(600).call(write_pid_and_wait, {path!r})
"""


def write_pid_and_wait(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def is_running(process):
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def wait_until(holds):
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def test_a_call_returns_what_the_function_returns_and_raises_what_it_raises():
    child = ChildProcess(60)
    assert child.call(abs, -3) == 3
    with pytest.raises(ZeroDivisionError):
        child.call(divmod, 1, 0)
    child.close()


def test_a_child_that_dies_is_named_and_the_next_call_has_a_new_one():
    child = ChildProcess(60)
    with pytest.raises(ChildDied, match="died"):
        child.call(os._exit, 7)
    assert child.call(abs, -3) == 3
    child.close()


def test_a_child_ends_in_the_middle_of_a_call_when_its_parent_is_killed(tmp_path):
    script, pid = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(_PARENT.format(path=str(pid)))
    root = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(root)})
    assert wait_until(lambda: pid.exists() and pid.read_text() != "")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert wait_until(lambda: not is_running(int(pid.read_text())))


def test_after_close_no_thread_of_the_pool_is_left_to_race_with_the_end_of_the_program():
    before, child = set(threading.enumerate()), ChildProcess(60)
    child.call(abs, -3)
    assert set(threading.enumerate()) - before
    child.close()
    assert set(threading.enumerate()) - before == set()
