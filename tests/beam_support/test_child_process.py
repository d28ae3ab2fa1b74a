import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from pathlib import Path

import pytest

from transforms.beam_support.child_process import ChildDied, ChildProcess, OutOfTime

_PARENT = """
from transforms.beam_support.child_process import ChildProcess
from tests.beam_support.test_child_process import write_pid_and_wait
if __name__ == "__main__":
    ChildProcess(600).call(write_pid_and_wait, {path!r})
"""


def write_pid_and_wait(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def compute(cpu_s):
    """Compute in two threads, in native code that holds the GIL or not; the wall time that it took."""
    began, data = time.monotonic(), bytes(1 << 20)

    def hash_on():
        while time.process_time() < cpu_s:
            hashlib.sha256(data)

    threads = [threading.Thread(target=hash_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def compute_on_core(core, cpu_s):
    os.sched_setaffinity(0, {core})
    return compute(cpu_s)


@contextmanager
def busy(core, num_processes):
    """A core that others use too."""
    code = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    others = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(num_processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


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
    with pytest.raises(ChildDied, match=r"died twice \(exit code 7\)"):
        child.call(os._exit, 7)
    assert child.call(abs, -3) == 3
    with pytest.raises(ChildDied, match=r"died twice \(SIGABRT\)"):
        child.call(os.abort)
    child.close()


@pytest.mark.parametrize("victim", ["child", "fork server", "both"])
def test_what_is_killed_between_two_calls_is_started_again(victim):
    child = ChildProcess(60, start_method="forkserver")
    process, server = child.call(os.getpid), forkserver._forkserver._forkserver_pid
    for one in {"child": [process], "fork server": [server], "both": [server, process]}[victim]:
        os.kill(one, signal.SIGKILL)
    assert child.call(abs, -3) == 3
    assert wait_until(lambda: victim == "fork server" or not is_running(process))
    child.close()


@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
@pytest.mark.parametrize("burn", [(compute, 60.0), (sum, range(10**12))], ids=["threads", "holds_the_gil"])
def test_a_call_that_computes_too_long_is_ended_wherever_it_is(start_method, burn):
    child, began = ChildProcess(0.5, wait_s=100.0, start_method=start_method), time.monotonic()
    with pytest.raises(OutOfTime, match=r"took more than 0\.5 s of CPU time"):
        child.call(*burn)
    assert time.monotonic() - began < 60 and child.call(abs, -3) == 3
    child.close()


def test_each_call_has_the_whole_time():
    child = ChildProcess(1.0)
    for number in range(1, 5):
        child.call(compute, 0.6 * number)  # of the process: 0.6 s each
    child.close()


def test_on_a_busy_machine_a_call_may_take_longer_than_its_cpu_time():
    core = min(os.sched_getaffinity(0))
    child = ChildProcess(1.0, wait_s=100.0)
    with busy(core, 5):
        assert child.call(compute_on_core, core, 0.6) > 1.0
    child.close()


def test_a_call_that_hangs_without_computing_is_ended_in_the_end():
    child = ChildProcess(0.2, wait_s=1.0)
    with pytest.raises(OutOfTime, match=r"hung: no end after 3 s, with less than 0\.2 s of CPU"):
        child.call(time.sleep, 600)
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
