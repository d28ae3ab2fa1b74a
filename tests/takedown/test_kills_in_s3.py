"""A takedown of a dataset in S3 that is killed right before any of its writes: the same command again ends it."""

import os
import random
import signal
import subprocess
import sys
import threading

import pytest

from audit.verify import verify_dataset
from tests.end_to_end.conftest import IN_PROCESS
from tests.takedown.conftest import draw_sheets
from tests.takedown.flags import FIRST, OF_ANN_TOO, OF_BEN, SECOND, files_with, keys_in, media_of, take_down
from tests.takedown.kills import KILLED, ROOT

WRITES = ("PUT", "POST", "DELETE")
WHOM = ("--speaker", "ann")
MOMENTS = 4  # the first and the last write, and random ones between
NUM_MOMENTS = int(os.environ.get("TALKSHARD_KILLS", MOMENTS))


class Killer:
    """Counts the writes that reach a store, and kills a process before one of them."""

    def __init__(self, store, moment, work):
        self.process, self.writes, self._moment, self._lock = None, 0, moment, threading.Lock()
        self._environment = os.environ | {"TMPDIR": str(work)}  # where a killed process leaves its log
        store.status_of = self._status_of

    def _status_of(self, method, key):
        if method not in WRITES:
            return 0
        with self._lock:
            self.writes += 1
            if self.writes == self._moment:
                os.kill(self.process.pid, signal.SIGKILL)
            return 503 if self.writes >= self._moment else 0

    def run(self, *argv):
        """Exit code of a command."""
        command = [sys.executable, "-m", "talkshard", *map(str, argv)]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=ROOT, env=self._environment, **silent)
        return self.process.wait()


@pytest.fixture
def placed(dataset, store):
    """A function that puts the dataset, with all that shows its people, at a place in the store."""
    draw_sheets(dataset)

    def place(name):
        for path in sorted(dataset.rglob("*")):
            if path.is_file():
                store.put(f"{name}/{path.relative_to(dataset)}", path.read_bytes())
        return store.uri(name)

    return place


def test_the_same_command_again_ends_as_an_undisturbed_one(dataset, placed, store, tmp_path):
    media = media_of(dataset, FIRST, SECOND, OF_ANN_TOO)
    argv = ("--reason", "the person asked", "--yes", *IN_PROCESS, *store.flags)
    undisturbed = Killer(store, 1_000_000, tmp_path)
    assert undisturbed.run("takedown", placed("whole"), *WHOM, *argv) == 0
    assert undisturbed.writes > 10
    between = range(2, undisturbed.writes)
    chosen = random.Random(0).sample(between, min(NUM_MOMENTS - 2, len(between)))
    for moment in (1, *chosen, undisturbed.writes):
        output = placed(f"killed{moment}")
        killer = Killer(store, moment, tmp_path)
        assert killer.run("takedown", output, *WHOM, *argv) == KILLED
        store.status_of = lambda method, key: 0
        assert take_down(output, *WHOM, flags=(*IN_PROCESS, *store.flags)) == 0
        assert verify_dataset(output) == []
        left = tmp_path / f"left{moment}"
        store.download(f"killed{moment}/", left)
        assert keys_in(left) == [OF_BEN]
        assert files_with(left, media) == []
        assert store.objects("whole/").keys() == {
            name.replace(f"killed{moment}/", "whole/") for name in store.objects(f"killed{moment}/")
        }
