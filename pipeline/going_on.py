"""A command for an output that holds a dataset: whether there is anything to do, and what it may not change."""

from pipeline.config import Recipe
from pipeline.present import PresentDataset
from pipeline.run_models import used_models
from schemas.errors import NothingToDo, UsageError
from schemas.generations import DATASET
from transforms.manifests.generation import Generation
from transforms.sources.pseudonyms import Pseudonyms


def appended_to(present: PresentDataset, appends: bool, recipe: Recipe, fingerprint: str) -> Generation:
    """The generation in which new inputs are added to a dataset.

    NothingToDo: it holds exactly these inputs, by this recipe and these models. UsageError: it was not asked to add
    any, or would have to add what another recipe or other models make.
    """
    lines = present.differences(recipe, used_models(recipe))
    if not lines and recipe == present.recipe and fingerprint in present.run["inputs"]:
        raise NothingToDo(
            f"{present.output} is complete: it holds these inputs, made by this recipe and these models; nothing was "
            "changed"
        )
    if not appends:
        raise UsageError(
            f"{present.output} holds a dataset already ({DATASET}), which this command would not make again: give "
            "--append to add new sources to it, or choose another --output"
        )
    require_no_differences(present, lines)
    return present.next_generation(present.parts, present.num_inputs, rewrites=False)


def require_same_key(present: PresentDataset, pseudonyms: Pseudonyms | None, retries: bool) -> None:
    """UsageError where new rows would not have the pseudonyms of the dataset's rows, or files are not found by them."""
    stored, given = present.run.get("pseudonyms", ""), pseudonyms.key_check if pseudonyms else ""
    if stored and retries:
        raise UsageError(
            f"--retry_failures: {present.output} holds pseudonyms, from which no file is found: build it again into "
            "another --output, with the same --work, which keeps what was made"
        )
    if stored == given:
        return
    if not stored:
        raise UsageError(f"--pseudonymise: {present.output} was built without it, and holds names as they were given")
    how = "by another key" if given else "by a key"
    raise UsageError(
        f"{present.output} holds pseudonyms {how}: give --pseudonymise with the key that it was built with"
    )


def require_no_differences(present: PresentDataset, lines: list[str]) -> None:
    """UsageError where a dataset would be continued by another recipe or other models."""
    if lines:
        raise UsageError(
            f"{present.output} was made by another recipe or other models ({'; '.join(lines)}): leave recipe and "
            "settings out, install the models that it was made with, or choose another --output"
        )
