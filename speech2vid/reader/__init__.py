"""What a trainer imports to read a dataset: clips one by one, batches of samples, and a decoder for WebDataset.

Each name is imported on its first use, so that `talkshard_parts` and the clips work without torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.stored.clip import Clip, read_clips
    from speech2vid.reader.drawn_sample import SampleSettings
    from speech2vid.reader.parts_decoder import talkshard_parts
    from speech2vid.reader.samples import SampleLoader, SampleStream

__all__ = ["Clip", "SampleLoader", "SampleSettings", "SampleStream", "read_clips", "talkshard_parts"]

_MODULES = {
    "Clip": "schemas.stored.clip",
    "SampleLoader": "speech2vid.reader.samples",
    "SampleSettings": "speech2vid.reader.drawn_sample",
    "SampleStream": "speech2vid.reader.samples",
    "read_clips": "schemas.stored.clip",
    "talkshard_parts": "speech2vid.reader.parts_decoder",
}


def __getattr__(name: str) -> Any:
    """Import a name of __all__ on its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
