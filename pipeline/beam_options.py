"""Beam's options on the command line, and the defaults that a local run adds to them."""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.nearest import nearest
from schemas.errors import UsageError
from transforms.beam_support import storage

_OPTIONS_FILE = "PIPELINE_OPTIONS_FILE"  # read by Beam's worker when it starts
LOCAL_RUNNERS = ("FnApiRunner", "DirectRunner", "SwitchingDirectRunner", "PrismRunner")


def beam_options(argv: list[str], own_options: list[str]) -> list[str]:
    """Return flags for PipelineOptions; UsageError for an argument that neither Beam nor this program knows."""
    parser = _beam_parser()
    chosen, unknown = parser.parse_known_args(argv)
    if unknown:
        known = own_options + [name for action in parser._actions for name in action.option_strings]
        name = unknown[0].split("=", 1)[0]
        raise UsageError(f"neither Talkshard nor Beam has an option {unknown[0]!r}{nearest(name, known)}")
    return argv + _defaults(argv, chosen)


def is_local_run(flags: list[str]) -> bool:
    """Whether the runner runs on this machine and stops with the launcher."""
    return _short_name(_beam_parser().parse_known_args(flags)[0].runner) in LOCAL_RUNNERS


def require_reachable(flags: list[str], output: str) -> None:
    """Raise UsageError where workers elsewhere would have to write to a folder of this machine."""
    runner = _short_name(_beam_parser().parse_known_args(flags)[0].runner)
    if runner == "DataflowRunner" and storage.is_local(output):
        raise UsageError(
            f"workers of {runner} cannot reach the folder {output}: choose an --output URL, like gs://BUCKET/DATASET"
        )


@contextmanager
def worker_options(flags: list[str]) -> Iterator[None]:
    """Give the worker processes of a local runner the options, which the runner itself does not pass on.

    Without them a worker would not know the log level or the options of a store.
    """
    chosen = PipelineOptions(flags).get_all_options(drop_default=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({name: value for name, value in chosen.items() if value is not None}, file, default=str)
        file.flush()
        os.environ[_OPTIONS_FILE] = file.name
        try:
            yield
        finally:
            del os.environ[_OPTIONS_FILE]


def _beam_parser() -> argparse.ArgumentParser:
    """Make a parser of all of Beam's options whose errors are UsageErrors."""
    parsers: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    parsers[0].error = _refuse  # type: ignore[method-assign]  # Beam makes the parser itself
    return parsers[0]


def _refuse(message: str) -> NoReturn:
    raise UsageError(message)


def _defaults(argv: list[str], chosen: argparse.Namespace) -> list[str]:
    """Flags for what was not given: a process per core, with one thread each, as every thread has a guarded child."""
    wanted = {"--number_of_worker_harness_threads": "1"}
    if chosen.runner is None:
        wanted |= {
            "--runner": "FnApiRunner",
            "--direct_running_mode": "multi_processing",
            "--direct_num_workers": str(len(os.sched_getaffinity(0))),
        }
    if _short_name(chosen.runner) in LOCAL_RUNNERS:
        # A worker's exception reaches the launcher anyway; its log would only repeat it.
        wanted |= {
            "--default_sdk_harness_log_level": "ERROR",
            "--sdk_harness_log_level_overrides": '{"apache_beam.runners": "CRITICAL"}',
        }
    given = {word.split("=", 1)[0] for word in argv}
    return [f"{name}={value}" for name, value in wanted.items() if name not in given]


def _short_name(runner: str | None) -> str:
    return (runner or "DirectRunner").rsplit(".", 1)[-1]
