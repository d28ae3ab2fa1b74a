"""Beam's own options: which words of the command line are Beam's, and what a local run adds to them."""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.nearest import nearest
from schemas.errors import UsageError
from transforms.beam_support import storage

_OPTIONS_FILE = "PIPELINE_OPTIONS_FILE"  # read by Beam's worker as it starts
LOCAL_RUNNERS = ("FnApiRunner", "DirectRunner", "SwitchingDirectRunner", "PrismRunner")


def beam_options(argv: list[str], own_names: list[str]) -> list[str]:
    """Flags for PipelineOptions; UsageError for a word that neither Beam nor this program knows."""
    parser = _beam_parser()
    chosen, unknown = parser.parse_known_args(argv)
    if unknown:
        known = own_names + [name for action in parser._actions for name in action.option_strings]
        name = unknown[0].split("=", 1)[0]
        raise UsageError(f"neither Talkshard nor Beam knows the argument {unknown[0]!r}{nearest(name, known)}")
    return argv + _added(argv, chosen)


def is_local_run(flags: list[str]) -> bool:
    """Whether the runner runs on this machine and ends with the launcher."""
    return _short_name(_beam_parser().parse_known_args(flags)[0].runner) in LOCAL_RUNNERS


def require_reachable(flags: list[str], output: str) -> None:
    """UsageError when workers elsewhere are given a folder of this machine."""
    runner = _short_name(_beam_parser().parse_known_args(flags)[0].runner)
    if runner == "DataflowRunner" and storage.is_local(output):
        raise UsageError(
            f"{runner}'s workers cannot reach the folder {output}: choose an --output URL, like gs://BUCKET/DATASET"
        )


@contextmanager
def worker_options(flags: list[str]) -> Iterator[None]:
    """Gives the local runner's worker processes their options: it passes them none of its own.

    Without them a worker knows no log level, and no option of a store.
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
    """A parser of every option that Beam has; its errors are UsageErrors."""
    parsers = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    parsers[0].error = _refuse
    return parsers[0]


def _refuse(message: str) -> None:
    raise UsageError(message)


def _added(argv: list[str], chosen: argparse.Namespace) -> list[str]:
    """Defaults: processes on this machine's cores; one harness thread, for every thread has its own guarded child."""
    wanted = {"--number_of_worker_harness_threads": "1"}
    if chosen.runner is None:
        wanted |= {
            "--runner": "FnApiRunner",
            "--direct_running_mode": "multi_processing",
            "--direct_num_workers": str(len(os.sched_getaffinity(0))),
        }
    if _short_name(chosen.runner) in LOCAL_RUNNERS:
        # A worker's exception comes back to the launcher; its log would only say it again.
        wanted |= {
            "--default_sdk_harness_log_level": "ERROR",
            "--sdk_harness_log_level_overrides": '{"apache_beam.runners": "CRITICAL"}',
        }
    given = {word.split("=", 1)[0] for word in argv}
    return [f"{name}={value}" for name, value in wanted.items() if name not in given]


def _short_name(runner: str | None) -> str:
    return (runner or "DirectRunner").rsplit(".", 1)[-1]
