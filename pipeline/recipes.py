"""Whole configurations by name, after the thresholds that other programs use for a track.

A score belongs to the network that gives it. S3FD's 0.9 and the published SyncNet's confidence of 3 mean nothing to the
detector and sync network used here, so these recipes take the track's geometry (shortest track, smallest face, frames
missed, overlap) and keep this project's own score scales. With --sync syncnet:FILE the confidence of 3 holds.
"""

import dataclasses
from collections.abc import Callable

from pipeline.config import Recipe
from pipeline.nearest import nearest
from schemas.errors import UsageError
from transforms.clips.config import ClipsConfig
from transforms.faces.config import FacesConfig
from transforms.speakers.config import SpeakersConfig

HIGHEST_SIMILARITY = 2.0  # peak less median of cosine similarities cannot exceed it
SYNCNET_CONFIDENCE = 3.0  # LatentSync's threshold, in distances of the published SyncNet


def default() -> Recipe:
    """This project's own thresholds."""
    return Recipe()


def syncnet() -> Recipe:
    """SyncNet's pipeline: IoU 0.5, 25 frames missed, 100 frames, 100 px; sync is measured, nothing is dropped by it."""
    faces = FacesConfig(join_iou=0.5, max_gap_frames=25, min_track_s=4.0, min_box_px=100.0)
    return Recipe(
        faces=faces,
        speakers=SpeakersConfig(
            min_confidence=0.0, min_probability=0.0, unsure_probability=0.0, max_abs_lag_frames=15.0
        ),
        clips=ClipsConfig(max_bridged_share=1.0),
    )


def latentsync() -> Recipe:
    """LatentSync: no frame missed, tracks from 5 s, 50 px, lag within 6 frames, then shifted; clips of 2.5 to 5 s.

    Turns are cut into equal parts, so that clips of exactly 5 s do not come out of every turn; half is the shortest.
    """
    faces = FacesConfig(max_gap_frames=0, min_track_s=5.0, min_box_px=50.0)
    return Recipe(faces=faces, speakers=SpeakersConfig(max_abs_lag_frames=6.0), clips=ClipsConfig(min_s=2.5, max_s=5.0))


def trusted() -> Recipe:
    """For sources known to be in sync: keeps each voiced track of a window with a single face, as unjudged."""
    return dataclasses.replace(default(), speakers=SpeakersConfig(network="none"))


RECIPES: dict[str, Callable[[], Recipe]] = {
    "default": default,
    "syncnet": syncnet,
    "latentsync": latentsync,
    "trusted": trusted,
}
"""Recipe name -> function that returns it."""


def named_recipe(name: str) -> Recipe:
    """The recipe called `name`; UsageError for an unknown one."""
    if name not in RECIPES:
        raise UsageError(f"no recipe is called {name!r}{nearest(name, list(RECIPES))}; there are {', '.join(RECIPES)}")
    return RECIPES[name]()


def on_its_scale(recipe: Recipe) -> Recipe:
    """With the published SyncNet, its own confidence threshold in place of this project's; else the recipe as it is.

    A recipe that sets the threshold itself keeps it: `syncnet` drops nothing.
    """
    speakers = recipe.speakers
    if not speakers.is_syncnet or speakers.min_confidence != SpeakersConfig().min_confidence:
        return recipe
    return dataclasses.replace(recipe, speakers=dataclasses.replace(speakers, min_confidence=SYNCNET_CONFIDENCE))


def require_own_scores(recipe: Recipe) -> None:
    """Refuse a sync threshold on another network's scale: UsageError."""
    speakers = recipe.speakers
    if not speakers.is_syncnet and speakers.min_confidence > HIGHEST_SIMILARITY:
        raise UsageError(
            f"speakers.min_confidence={speakers.min_confidence:g} is on another network's scale (this program's own give "
            f"{HIGHEST_SIMILARITY:g} at most): the published SyncNet's goes with --sync syncnet:FILE"
        )
