"""Named recipes, some with the track thresholds of other programs.

A score threshold is valid only for the network that it was chosen for. S3FD's 0.9 and the published SyncNet's
confidence of 3 cannot be applied to the detector and sync network used here, so these recipes take the geometric
thresholds (shortest track, smallest face, missed frames, overlap) and keep this project's score thresholds. With
--sync syncnet:FILE the confidence of 3 applies.
"""

import dataclasses
from collections.abc import Callable

from pipeline.config import Recipe
from pipeline.nearest import nearest
from schemas.errors import UsageError
from transforms.clips.config import ClipsConfig
from transforms.faces.config import FacesConfig
from transforms.speakers.config import SpeakersConfig

MAX_SIMILARITY = 2.0  # peak minus median of cosine similarities cannot be larger
SYNCNET_CONFIDENCE = 3.0  # LatentSync's threshold, in distances of the published SyncNet


def default() -> Recipe:
    """Return the recipe with this project's thresholds."""
    return Recipe()


def syncnet() -> Recipe:
    """SyncNet's pipeline: IoU 0.5, 25 missed frames, 100 frames, 100 px; sync is measured but drops nothing."""
    faces = FacesConfig(join_iou=0.5, max_gap_frames=25, min_track_s=4.0, min_box_px=100.0)
    return Recipe(
        faces=faces,
        speakers=SpeakersConfig(
            min_confidence=0.0, min_probability=0.0, unsure_probability=0.0, max_abs_lag_frames=15.0
        ),
        clips=ClipsConfig(max_bridged_share=1.0),
    )


def latentsync() -> Recipe:
    """LatentSync: no missed frame, tracks from 5 s, 50 px, a lag of up to 6 frames is corrected; clips of 2.5 to 5 s.

    Turns are cut into equal parts, which are not exactly 5 s long; the shortest is half as long.
    """
    faces = FacesConfig(max_gap_frames=0, min_track_s=5.0, min_box_px=50.0)
    return Recipe(faces=faces, speakers=SpeakersConfig(max_abs_lag_frames=6.0), clips=ClipsConfig(min_s=2.5, max_s=5.0))


def trusted() -> Recipe:
    """For sources known to be in sync: the only face of a window is taken for the speaker, without a sync network."""
    return dataclasses.replace(default(), speakers=SpeakersConfig(network="none"))


RECIPES: dict[str, Callable[[], Recipe]] = {
    "default": default,
    "syncnet": syncnet,
    "latentsync": latentsync,
    "trusted": trusted,
}
"""Name of a recipe -> function that returns it."""


def named_recipe(name: str) -> Recipe:
    """Return the recipe called `name`; UsageError for an unknown one."""
    if name not in RECIPES:
        raise UsageError(f"no recipe is called {name!r}{nearest(name, RECIPES)}; there are {', '.join(RECIPES)}")
    return RECIPES[name]()


def with_syncnet_confidence(recipe: Recipe) -> Recipe:
    """For the published SyncNet, replace this project's confidence threshold by SyncNet's.

    A recipe with a threshold of its own keeps it: `syncnet` drops nothing.
    """
    speakers = recipe.speakers
    if not speakers.is_syncnet or speakers.min_confidence is not None:
        return recipe
    return dataclasses.replace(recipe, speakers=dataclasses.replace(speakers, min_confidence=SYNCNET_CONFIDENCE))


def require_possible_confidence(recipe: Recipe) -> None:
    """Raise UsageError for a confidence threshold that the recipe's sync network can never reach."""
    speakers = recipe.speakers
    if not speakers.is_syncnet and speakers.confidence_threshold > MAX_SIMILARITY:
        raise UsageError(
            f"speakers.min_confidence={speakers.min_confidence:g} is on another network's scale: this sync network's "
            f"confidence is {MAX_SIMILARITY:g} at most; thresholds of the published SyncNet need --sync syncnet:FILE"
        )
