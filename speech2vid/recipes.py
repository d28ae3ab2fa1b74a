"""The recipes of `talkshard train`: each names where its settings and its task are, which are imported when it runs."""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One recipe, whose parts are given as MODULE:NAME."""

    about: str
    settings_from: str  # function without arguments that returns the settings
    task_from: str  # class or function of settings, options and ranks that returns the training.task.TrainingTask

    def settings(self) -> Any:
        """The recipe's settings: a frozen dataclass of sections."""
        return pkgutil.resolve_name(self.settings_from)()

    def open_task(self) -> Any:
        """What opens the recipe's task."""
        return pkgutil.resolve_name(self.task_from)


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "motion": Recipe(
            about="from audio to mouth shapes",
            settings_from="speech2vid.motion_training.recipe:motion",
            task_from="speech2vid.motion_training.task:MotionTask",
        ),
        "tiny": Recipe(
            about="what a warped still cannot show; a quarter of an hour on two cores",
            settings_from="speech2vid.painter_training.settings:tiny",
            task_from="speech2vid.painter_training.task:PainterTask",
        ),
        "paper": Recipe(
            about="the published graph and losses",
            settings_from="speech2vid.generator_training.recipes:paper",
            task_from="speech2vid.generator_training.task:GeneratorTask",
        ),
    }
)
