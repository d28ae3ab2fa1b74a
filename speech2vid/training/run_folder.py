"""Run identity of an output folder: the same command resumes, any other is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.training.publish import write_whole

_IDENTITY = "run.json"
_MAX_SHOWN, _HASH_SHOWN = 40, 16  # characters shown of a value; of a longer one, such as a hash


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """Output folder of a trainer; its network is written last and completes it."""

    path: Path
    network_name: str

    @property
    def network(self) -> Path:
        """The trained network, an ONNX file."""
        return self.path / self.network_name

    @property
    def checkpoints(self) -> Path:
        """Folder of what a killed run resumes from."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Folder of the training's curves."""
        return self.path / "tensorboard"

    def refuse_another_run(self, identity: Mapping[str, object]) -> None:
        """Raise UsageError where the folder holds a network already, or a run of another identity.

        identity: everything that determines the result, as values that JSON can hold.
        """
        if self.network.exists():
            raise UsageError(f"{self.path} holds a network already: choose another --output, or remove it first")
        stored = self.checkpoints / _IDENTITY
        begun = json.loads(stored.read_text()) if stored.exists() else identity
        for name, value in identity.items():
            if begun.get(name) != value:
                differs = f"{name} {_shown(begun.get(name))}, not {_shown(value)}"
                raise UsageError(
                    f"{self.path} holds a run that was begun with "
                    f"{f'other {name}' if isinstance(value, dict) else differs}: choose another --output, or "
                    "give the same options again to resume it"
                )

    def begin(self, identity: Mapping[str, object]) -> None:
        """Store the run's identity."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        write_whole(self.checkpoints / _IDENTITY, json.dumps(identity, indent=1).encode() + b"\n")


def _shown(value: object) -> str:
    text = " ".join(value) if isinstance(value, list) else str(value)
    if value is None or not text:
        return "none"
    return text if len(text) <= _MAX_SHOWN else text[:_HASH_SHOWN]
