"""What is in a dataset's sources twice: the clips that the rule `duplicate` dropped, each beside the one it kept."""

from dataclasses import dataclass

from schemas.stored.manifests import Manifests, only_row, rows_of

RULE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A dropped clip, and the stored one that it is a copy of."""

    dropped_key: str
    dropped_uri: str  # of its source
    kept_key: str
    kept_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """What the rule decided."""

    num_compared: int  # clips
    num_dropped: int
    shown: tuple[Copy, ...]


def copies(manifests: Manifests, max_shown: int) -> Copies | None:
    """Copies, of which at most `max_shown` are shown; None: the rule was not applied."""
    compared, dropped = only_row(
        manifests, f"SELECT count(*), count(*) FILTER (WHERE NOT kept) FROM decisions WHERE rule = '{RULE}'"
    )
    if not compared:
        return None
    rows = rows_of(
        manifests,
        f"""
        WITH chosen AS MATERIALIZED (
            FROM decisions WHERE rule = '{RULE}' AND NOT kept ORDER BY md5(subject_id), subject_id
            LIMIT {int(max_shown)})
        SELECT subject_id AS dropped_key, coalesce(sources.uris[1], '') AS dropped_uri, value_text AS kept_key,
               coalesce(clips.source_uri, '') AS kept_uri
        FROM chosen LEFT JOIN sources ON sources.source_id = chosen.source_id
        LEFT JOIN clips ON clips.key = chosen.value_text ORDER BY dropped_uri, dropped_key
        """,
    )
    return Copies(num_compared=compared, num_dropped=dropped, shown=tuple(Copy(**row) for row in rows))
