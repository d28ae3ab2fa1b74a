"""The record of a run, run.json: what is needed to make the same data again, and the machine it was made on."""

import datetime
import functools
import importlib.metadata
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import schemas.schema_version
from pipeline.config import Recipe
from pipeline.run_models import used_models
from transforms.media.source_names import public_command

PACKAGES = (
    "talkshard",
    "apache-beam",
    "insightface",
    "opencv-python",
    "decord",
    "av",
    "numpy",
    "scipy",
    "pyarrow",
    "onnxruntime",
    "ai-edge-litert",
    "scenedetect",
    "soundfile",
    "webdataset",
    "dlib-bin",
    "faiss-cpu",
    "pyannote.audio",
    "torch",
)


def run_record(
    recipe: Recipe,
    command_line: list[str],
    num_inputs: int,
    root: str = "",
    inputs: Sequence[str] = (),
    work: str = "",
    key_check: str = "",
) -> dict[str, Any]:
    """The record of a run as it is before the run.

    root: the folder that the names of sources are relative to. inputs: fingerprints of all that the dataset is made of.
    work: folder or URL of results between stages that the output does not hold; "": it holds them.
    key_check: of the key of its pseudonyms; "": names are as they were given.
    """
    return {
        "recipe": recipe.as_dict(),
        "command_line": public_command(command_line, hides_values=bool(key_check)),
        "pseudonyms": key_check,
        "root": root,
        "num_inputs": num_inputs,
        "inputs": list(inputs),
        "work": work,
        "schema_version": schemas.schema_version.SCHEMA_VERSION,
        "packages": package_versions(),
        "models": used_models(recipe),
        **_machine(),
        "started": _now(),
    }


def repacked(run: dict[str, Any], command_line: list[str]) -> dict[str, Any]:
    """The record of a run that makes no new row, from that of the dataset's last run."""
    kept = ("recipe", "root", "pseudonyms", "num_inputs", "inputs", "work", "models", "schema_version")
    return {
        **{name: run[name] for name in kept},
        **_machine(),
        "command_line": public_command(command_line, hides_values=bool(run["pseudonyms"])),
        "packages": package_versions(),
        "started": _now(),
    }


def finished(run: dict[str, Any]) -> dict[str, Any]:
    """Return run.json of a finished run."""
    now = _now()
    wall_s = (datetime.datetime.fromisoformat(now) - datetime.datetime.fromisoformat(run["started"])).total_seconds()
    return run | {"wall_s": round(wall_s, 1), "finished": now}


@functools.cache
def package_versions() -> dict[str, str]:
    """The packages that decide what a run makes, with their versions."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _machine() -> dict[str, object]:
    return {"python": sys.version.split()[0], "platform": platform.platform(), "cpu": _cpu(Path("/proc/cpuinfo"))}


def _cpu(cpuinfo: Path) -> dict[str, object]:
    """Model and instruction set of the processor: results differ between them in the last bits."""
    if not cpuinfo.is_file():
        return {"model": platform.processor(), "features": []}
    lines = dict(line.split(":", 1) for line in cpuinfo.read_text().split("\n\n")[0].splitlines() if ":" in line)
    values = {key.strip(): value.strip() for key, value in lines.items()}
    flags = values.get("flags", values.get("Features", ""))
    return {"model": values.get("model name", platform.processor()), "features": sorted(flags.split())}


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
