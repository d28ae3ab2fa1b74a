"""Where the results between stages lie, and what makes those of each stage: what a change of the recipe does again."""

import functools
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import schemas
import transforms
from pipeline.config import Recipe
from pipeline.run_models import used_models
from pipeline.run_record import package_versions
from transforms.beam_support.results import StageResults
from transforms.beam_support.storage import join
from transforms.people.face_networks import face_network_weights
from transforms.transcripts.config import TranscriptsConfig

_FORMAT = "v1"  # of the work folder
_CODE = (".py", ".npz")  # an .onnx is a model, which has its hash in run.json


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkResults:
    """The results of each stage in one work folder."""

    hashes: StageResults
    prepared: StageResults
    tracked: StageResults
    judged: StageResults
    cut: StageResults
    people: StageResults
    transcripts: StageResults


def work_results(work: str, recipe: Recipe) -> WorkResults:
    """The results that this code, with this recipe and its models, makes in a work folder.

    A stage's results depend on those that it is given, so only what it reads itself is named here. Limits of time and
    memory decide only what fails.
    """
    clips, faces = asdict(recipe.clips), asdict(recipe.faces)
    unasked = replace(recipe, people=replace(recipe.people, network="none"), transcripts=TranscriptsConfig())
    without_judge = replace(unasked, speakers=replace(unasked.speakers, network="none"))
    judged_by = {"clips.min_s": recipe.clips.min_s, "faces": faces, "speakers": asdict(recipe.speakers)}
    tracked_by = {
        "faces": faces,
        "clips": {name: clips[name] for name in ("image_px", "margin")},
        "damaged_share": recipe.limits.damaged_share,
    }
    prepared_by = {name: asdict(getattr(recipe, name)) for name in ("audio", "video", "speech", "faces")}

    def results(stage: str, **made_by: object) -> StageResults:
        text = json.dumps([stage, _code(), package_versions(), made_by], sort_keys=True)
        return StageResults(folder=join(work, _FORMAT, stage), made_by=hashlib.sha256(text.encode()).hexdigest())

    return WorkResults(
        hashes=StageResults(folder=join(work, _FORMAT, "hashes"), made_by=_FORMAT),
        prepared=results("prepared", settings=prepared_by, models=_hashes(without_judge)),
        tracked=results("tracked", settings=tracked_by, models=_hashes(without_judge)),
        judged=results("judged", settings=judged_by, models=_hashes(unasked)),
        cut=results("cut", settings=clips),
        people=results("people", faces=recipe.people.faces, models=face_network_weights(recipe.people.network)),
        transcripts=results("transcripts", settings=asdict(recipe.transcripts)),
    )


def _hashes(recipe: Recipe) -> dict[str, str]:
    return {name: facts["sha256"] for name, facts in used_models(recipe).items()}


@functools.cache
def _code() -> str:
    """Hash of the code that makes results, and of the weights in it that are no model of a recipe."""
    digest = hashlib.sha256()
    for package in (schemas, transforms):
        for name, path in code_files(Path(package.__path__[0])):
            digest.update(f"{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def code_files(folder: Path) -> list[tuple[str, Path]]:
    """Name and path of each file of a package that decides what it makes, sorted."""
    paths = (path for suffix in _CODE for path in folder.rglob(f"*{suffix}"))
    return sorted((str(path.relative_to(folder)), path) for path in paths)
