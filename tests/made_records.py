"""Records for tests."""

from schemas.records import Source


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
