"""Beam's options on the command line, and the defaults that a local run adds to them."""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from apache_beam.options.pipeline_options import PipelineOptions, S3Options

from pipeline import end_with_launcher
from pipeline.nearest import nearest
from schemas.errors import UsageError
from transforms.beam_support import storage
from transforms.beam_support.stores import StoreOptions

_OPTIONS_FILE = "PIPELINE_OPTIONS_FILE"  # read by Beam's worker when it starts
_CREDENTIALS = {
    "s3_access_key_id": "AWS_ACCESS_KEY_ID",
    "s3_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "s3_session_token": "AWS_SESSION_TOKEN",
}
"""Beam's options that hold credentials -> the variables of the platform's own chain."""
LOCAL_RUNNERS = ("FnApiRunner", "DirectRunner", "SwitchingDirectRunner", "PrismRunner")


def beam_options(argv: list[str], own_options: list[str]) -> list[str]:
    """Return flags for PipelineOptions; UsageError for an argument that neither Beam nor this program knows."""
    parser = _beam_parser()
    chosen, unknown = parser.parse_known_args(argv)
    if unknown:
        known = own_options + [name for action in parser._actions for name in action.option_strings]
        name = unknown[0].split("=", 1)[0]
        raise UsageError(f"neither Talkshard nor Beam has an option {unknown[0]!r}{nearest(name, known)}")
    return _without_credentials(argv) + _defaults(argv, chosen)


def store_options(flags: list[str], fetch_s: float) -> StoreOptions:
    """How a run with these flags reaches its stores."""
    given = PipelineOptions(flags).view_as(S3Options)
    return StoreOptions(
        s3_endpoint_url=given.s3_endpoint_url or "",
        s3_region_name=given.s3_region_name or "",
        s3_verify=given.s3_verify or "",
        s3_disable_ssl=given.s3_disable_ssl,
        fetch_s=fetch_s,
    )


def _without_credentials(argv: list[str]) -> list[str]:
    """The flags without S3 credentials, which this process and those that it starts find in the environment instead.

    So they are in no graph and in no file. Workers elsewhere have their own chain of credentials.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in _CREDENTIALS:
        parser.add_argument(f"--{name}")
    found, others = parser.parse_known_args(argv)
    os.environ.update({_CREDENTIALS[name]: value for name, value in vars(found).items() if value})
    return others


def is_local_run(flags: list[str]) -> bool:
    """Whether the runner runs on this machine and stops with the launcher."""
    return _short_name(_beam_parser().parse_known_args(flags)[0].runner) in LOCAL_RUNNERS


def require_reachable(flags: list[str], *folders: str) -> None:
    """Raise UsageError where workers elsewhere would have to write to a folder of this machine."""
    runner = _short_name(_beam_parser().parse_known_args(flags)[0].runner)
    for folder in folders:
        if runner == "DataflowRunner" and storage.is_local(folder):
            raise UsageError(
                f"workers of {runner} cannot reach the folder {folder}: choose a URL, like gs://BUCKET/DATASET"
            )


@contextmanager
def worker_options(flags: list[str]) -> Iterator[None]:
    """Give the worker processes of a local runner the options, which the runner itself does not pass on.

    Without them a worker would not know the log level, nor end with this process.
    """
    chosen = PipelineOptions(flags).get_all_options(drop_default=True)
    chosen["beam_plugins"] = [*(chosen.get("beam_plugins") or []), end_with_launcher.__name__]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({name: value for name, value in chosen.items() if value is not None}, file, default=str)
        file.flush()
        given = {_OPTIONS_FILE: file.name, end_with_launcher.LAUNCHER: str(os.getpid())}
        os.environ.update(given)
        try:
            yield
        finally:
            for name in given:
                del os.environ[name]


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
            "--sdk_harness_log_level_overrides": '{"apache_beam.runners": "CRITICAL", "transforms": "WARNING"}',
        }
    given = {word.split("=", 1)[0] for word in argv}
    return [f"{name}={value}" for name, value in wanted.items() if name not in given]


def _short_name(runner: str | None) -> str:
    return (runner or "DirectRunner").rsplit(".", 1)[-1]
