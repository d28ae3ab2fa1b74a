"""Records for tests."""

from pathlib import Path

from schemas.records import Source
from transforms.beam_support.results import StageResults


def made_source(uri: str, source_id: str = "0123456789abcdef") -> Source:
    """A source without speaker or group."""
    return Source(
        source_id=source_id,
        content_sha256=source_id * 4,
        uris=(uri,),
        size_bytes=1,
        speaker="",
        group="",
        split="train",
        split_unit=f"source:{source_id}",
        licence="",
        consent="",
        language="",
    )


def results_in(folder: Path) -> StageResults:
    """Results of a stage, below this folder."""
    return StageResults(folder=str(folder / "work"), made_by="test")
