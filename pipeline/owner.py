"""Who builds into an output: a mark in it while a build runs, so that a second build is refused and told by whom."""

import dataclasses
import datetime
import json
import math
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from schemas.errors import TalkshardError, UsageError
from schemas.generations import OWNER, RUN_STAGING
from transforms.beam_support import storage
from transforms.beam_support.conditional import bytes_or_none, replace_unchanged
from transforms.beam_support.deletions import delete_files
from transforms.beam_support.listings import list_facts
from transforms.beam_support.worker_tallies import FOLDER as WORKERS

_SIGN_OF_LIFE_S = 300.0  # between two signs of life of a launcher
_SILENT_H = 2.0  # a launcher on another machine without a sign of life for longer is dead
_JOB_H = 24.0  # a job on a cluster whose launcher is gone, and whose workers have ended no bundle for longer, is dead


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A run that writes to an output."""

    token: str  # of this run alone
    host: str
    processes: str  # name of the kernel's space of process ids: containers of one machine have different ones
    process: int  # the launcher's id
    process_start: str  # tells it from a later process of the same id
    since: str  # UTC
    seen: str  # UTC; the launcher's last sign of life
    ends_with_launcher: bool  # as a run on this machine does; a job on a cluster goes on

    def is_alive(self, output: str) -> bool:
        """Whether the run may still write to this output. A job's workers give signs of life too."""
        silent_h = (_now() - datetime.datetime.fromisoformat(self.seen)).total_seconds() / 3600
        if not self.ends_with_launcher:
            return silent_h < _JOB_H or _silent_workers_h(output) < _JOB_H
        if (self.host, self.processes) == (socket.gethostname(), _process_space()):
            return _start_of(self.process) == self.process_start
        return silent_h < _SILENT_H


def require_no_owner(output: str) -> None:
    """Raise UsageError where another run writes to the output."""
    _require_dead(output, bytes_or_none(_mark(output)))


def has_living_owner(output: str) -> bool:
    """Whether another run writes to the output."""
    owner = _stored_owner(output)
    return owner is not None and owner.is_alive(output)


@contextmanager
def owning(output: str, ends_with_launcher: bool = True) -> Iterator[Owner]:
    """Own the output, with a sign of life now and then; UsageError where another run does.

    An interrupted launcher leaves the mark of a job that goes on without it.
    """
    owner = _claim(output, ends_with_launcher)
    ended = threading.Event()
    signs = threading.Thread(target=_give_signs, args=(output, owner, ended), daemon=True)
    signs.start()
    goes_on = False
    try:
        yield owner
    except BaseException as error:
        goes_on = not (ends_with_launcher or isinstance(error, Exception))
        raise
    finally:
        ended.set()
        signs.join()
        if not goes_on:
            _release(output, owner)


def leave_to_job(output: str, owner: Owner) -> None:
    """Leave the mark to the run, which goes on without its launcher, unless it has ended already."""
    found = _stored_owner(output)
    if found and found.token == owner.token:
        token = _job_token(owner.token)  # another one, so that this launcher does not take it away
        _write(output, replace(owner, token=token, ends_with_launcher=False, seen=_text(_now())))


def end_job(output: str, token: str) -> None:
    """Take away the mark of a job, which may have no launcher any more. token: of the owner that began it."""
    found = _stored_owner(output)
    if found and not found.ends_with_launcher and found.token in (token, _job_token(token)):
        delete_files([_mark(output)])


def is_of_another(output: str, token: str) -> bool:
    """Whether the output has the mark of another run than that of the owner with this token."""
    found = _stored_owner(output)
    return found is not None and found.token not in (token, _job_token(token))


def owner_of(output: str) -> Owner | None:
    """The run, alive or not, that left its mark; None where there is no mark."""
    return _stored_owner(output)


def is_marked(output: str) -> bool:
    """Whether a run of this program, alive or not, left its mark."""
    return _stored_owner(output) is not None


def _silent_workers_h(output: str) -> float:
    """Hours since a worker of the run wrote its tally."""
    written = [
        facts.modified_s for facts in list_facts(f"{output}/{RUN_STAGING}/{WORKERS}").values() if facts.modified_s
    ]
    return (_now().timestamp() - max(written)) / 3600 if written else math.inf


def _job_token(token: str) -> str:
    return f"{token}-job"


def _release(output: str, owner: Owner) -> None:
    """Take the mark away, if it is still this owner's."""
    with suppress(TalkshardError):  # the error of the run goes first; the mark of a dead process does not count
        found = _stored_owner(output)
        if found and found.token == owner.token:
            delete_files([_mark(output)])


def _claim(output: str, ends_with_launcher: bool) -> Owner:
    """Leave this process's mark. Of two at once one wins; the other's error names it."""
    stored = bytes_or_none(_mark(output))
    _require_dead(output, stored)
    now = _text(_now())
    owner = Owner(
        token=uuid.uuid4().hex,
        host=socket.gethostname(),
        processes=_process_space(),
        process=os.getpid(),
        process_start=_start_of(os.getpid()),
        since=now,
        seen=now,
        ends_with_launcher=ends_with_launcher,
    )
    if not replace_unchanged(_mark(output), _json(owner), stored):
        _require_dead(output, bytes_or_none(_mark(output)))
        raise UsageError(f"another run has just begun and ended in {output}: run the same command again")
    return owner


def _require_dead(output: str, stored: bytes | None) -> None:
    """UsageError where the owner that a mark names is alive."""
    owner = _owner_of(output, stored)
    if owner is None or not owner.is_alive(output):
        return
    raise UsageError(
        f"{output} is being built by process {owner.process} on {owner.host} since {owner.since}: wait for its end, "
        f"stop it, or choose another --output (if you know that it has ended, delete {_mark(output)})"
    )


def _stored_owner(output: str) -> Owner | None:
    return _owner_of(output, bytes_or_none(_mark(output)))


def _owner_of(output: str, stored: bytes | None) -> Owner | None:
    if stored is None:
        return None
    try:
        return Owner(**json.loads(stored))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{_mark(output)} says nothing of who builds here: delete it if no build runs") from error


def _give_signs(output: str, owner: Owner, ended: threading.Event) -> None:
    while not ended.wait(_SIGN_OF_LIFE_S):
        with suppress(TalkshardError):  # the run itself finds out that its store is gone
            stored = bytes_or_none(_mark(output))
            found = _owner_of(output, stored)
            if found and found.token == owner.token:
                replace_unchanged(_mark(output), _json(replace(owner, seen=_text(_now()))), stored)


def _write(output: str, owner: Owner) -> None:
    storage.write_once(_mark(output), _json(owner))


def _json(owner: Owner) -> bytes:
    return json.dumps(dataclasses.asdict(owner), indent=1, sort_keys=True).encode()


def _mark(output: str) -> str:
    return f"{output}/{OWNER}"


def _process_space() -> str:
    return os.readlink("/proc/self/ns/pid")


def _start_of(process: int) -> str:
    """When a process of this machine started, in ticks since the machine did; "": there is none, or it has ended."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before may hold anything
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _text(time: datetime.datetime) -> str:
    return time.isoformat(timespec="seconds")
