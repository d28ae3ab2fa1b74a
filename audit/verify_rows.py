"""What the rows of sources, tracks, clips and failures say of each other, of time and of people, as SQL."""

from schemas.errors import MEDIA_ERRORS, MediaError, NativeCrash
from schemas.records import SEVERAL, SPLITS
from transforms.manifests.checks import Check

_KINDS = sorted({one.kind for one in (*MEDIA_ERRORS, MediaError, NativeCrash)} | {"timeout", "bug"})
_END_RULES = ("lost", "cut", "transition", "window_edge", "source_end")
_OF_SOURCE = ("speaker", "group", "licence", "consent", "language", "source_fps")
_OF_TRACK = (
    *("source_id", "audio_lag_frames", "audio_lag_se_frames", "sync_probability", "sync_confidence", "sync_margin"),
    *("lse_d", "lse_c", "audio_rate_correction", "yaw_deg", "pitch_deg", "roll_deg"),
)


def _one_of(values: tuple[str, ...] | list[str]) -> str:
    return f"({', '.join(repr(value) for value in values)})"


_SOURCES = (
    Check(
        "SELECT source_id, content_sha256 FROM sources WHERE NOT regexp_full_match(content_sha256, '([0-9a-f]{64})?')",
        "source {0}: content_sha256 is {1!r}, not 64 hexadecimal digits",
    ),
    Check(
        "SELECT source_id, content_sha256 FROM sources WHERE content_sha256 <> '' AND source_id <> content_sha256[:16]",
        "source {0} is not named by its content, whose sha256 is {1}",
    ),
    Check(
        "SELECT source_id, status FROM sources LEFT JOIN (SELECT source_id, count(*) AS failed FROM failures GROUP BY "
        "ALL) USING (source_id) WHERE status <> CASE WHEN num_clips > 0 THEN 'clips' WHEN failed > 0 THEN 'failed' "
        "ELSE 'decided' END",
        "source {0}: its status {1!r} does not follow from its clips and failures",
    ),
    Check("SELECT source_id FROM sources WHERE len(uris) = 0", "source {0} has no name: uris is empty"),
    Check(
        f"SELECT source_id FROM sources WHERE split = '{SEVERAL}' AND num_clips = 0",
        "source {0} has no clips, but its split says that they are in several",
    ),
    Check(
        "SELECT source_id, windows_done, coalesce(found, 0) FROM sources LEFT JOIN (SELECT clips.source_id, "
        "count(DISTINCT window_index) AS found FROM clips JOIN tracks USING (track_id) GROUP BY ALL) USING (source_id) "
        "WHERE windows_done <> coalesce(found, 0)",
        "source {0} counts {1} windows with clips, but its clips are of {2}",
    ),
    *(
        Check(
            f"SELECT {key}, split FROM {table} WHERE split NOT IN {_one_of(splits)}",
            f"{what} " + "{0} is in {1!r}, which is no split",
        )
        for table, key, what, splits in (
            ("sources", "source_id", "source", (*SPLITS, SEVERAL)),
            ("clips", "key", "clip", SPLITS),
            ("shards", "shard", "", SPLITS),
        )
    ),
)

_TRACKS = (
    Check(
        "SELECT track_id, source_id, window_index FROM tracks WHERE NOT regexp_full_match(track_id, source_id || '-w' "
        "|| printf('%05d', window_index) || '-t[0-9]{3,}')",
        "track {0} is not named by its source {1} and window {2}",
    ),
    Check(
        "SELECT track_id, window_index, num_windows FROM tracks JOIN sources USING (source_id) "
        "WHERE NOT window_index BETWEEN 0 AND num_windows - 1",
        "track {0} is of window {1} of a source that has {2}",
    ),
    Check(
        "SELECT track_id, start_frame, end_frame FROM tracks WHERE start_frame < 0 OR end_frame <= start_frame",
        "track {0} has no frames: it begins at {1} and ends at {2}",
    ),
    Check(
        "SELECT track_id, end_frame / 25, duration_s FROM tracks JOIN sources USING (source_id) "
        "WHERE end_frame / 25 > duration_s + 0.001",
        "track {0} ends at {1:g} s, but its source at {2:g} s",
    ),
    Check(
        f"SELECT track_id, end_rule FROM tracks WHERE end_rule NOT IN {_one_of(_END_RULES)}",
        "track {0} ended by {1!r}, which is no rule",
    ),
    Check(
        "SELECT track_id, track_chain_id FROM tracks WHERE track_chain_id NOT IN (SELECT track_id FROM tracks)",
        "track {0} belongs to the chain of {1}, which has no row",
    ),
)

_CLIPS = (
    *(
        Check(
            f'SELECT key, clips."{name}", sources."{name}" FROM clips JOIN sources USING (source_id) '
            f'WHERE clips."{name}" IS DISTINCT FROM sources."{name}"',
            "clip {0}: " + name + " is {1!r}, but {2!r} of its source",
        )
        for name in _OF_SOURCE
    ),
    Check(
        "SELECT key, source_uri, uris[1] FROM clips JOIN sources USING (source_id) "
        "WHERE source_uri IS DISTINCT FROM uris[1]",
        "clip {0}: source_uri is {1!r}, but its source is {2!r}",
    ),
    *(
        Check(
            f"SELECT key, clips.{name}, track_id, tracks.{name} FROM clips JOIN tracks USING (track_id) "
            f"WHERE clips.{name} IS DISTINCT FROM tracks.{name}",
            "clip {0}: " + name + " is {1}, but its track {2} has {3}",
        )
        for name in _OF_TRACK
    ),
    Check(
        "SELECT key, track_id, start_frame FROM clips WHERE key <> track_id || '-' || printf('%07d', start_frame)",
        "clip {0} is not named by its track {1} and its start_frame {2}",
    ),
    Check(
        "SELECT key, source_start_s, start_frame FROM clips WHERE abs(source_start_s - start_frame / 25) > 1e-6",
        "clip {0}: source_start_s is {1:g}, but it begins at frame {2}",
    ),
    Check(
        "SELECT key, source_end_s, start_frame + num_frames FROM clips "
        "WHERE abs(source_end_s - (start_frame + num_frames) / 25) > 1e-6",
        "clip {0}: source_end_s is {1:g}, but it ends at frame {2} by start_frame and num_frames",
    ),
    Check(
        "SELECT key, source_end_s, duration_s FROM clips JOIN sources USING (source_id) "
        "WHERE (start_frame + num_frames) / 25 > duration_s + 0.001",
        "clip {0} ends at {1:g} s, but its source at {2:g} s",
    ),
    Check(
        "SELECT key, clips.start_frame, clips.start_frame + num_frames, track_id FROM clips JOIN tracks USING "
        "(track_id) WHERE clips.start_frame < tracks.start_frame OR clips.start_frame + num_frames > end_frame",
        "clip {0}, of frames {1} to {2}, is not within its track {3}",
    ),
    Check(
        "SELECT key, before FROM (SELECT key, start_frame, lag(key) OVER by_time AS before, "
        "lag(start_frame + num_frames) OVER by_time AS free FROM clips "
        "WINDOW by_time AS (PARTITION BY track_id ORDER BY start_frame, key)) WHERE start_frame < free",
        "clip {0} overlaps with clip {1} of the same track",
    ),
)

_FAILURES = (
    Check(
        f"SELECT kind, source_id FROM failures WHERE kind NOT IN {_one_of(_KINDS)}",
        "a failure of source {1} is of the kind {0!r}, which is none",
    ),
    Check(
        "SELECT failures.source_uri, source_id FROM failures JOIN sources USING (source_id) "
        "WHERE NOT list_contains(uris, source_uri)",
        "a failure of source {1} names {0!r}, which is no name of it",
    ),
    Check("SELECT source_id, attempts FROM failures WHERE attempts < 1", "a failure of source {0} counts {1} attempts"),
    Check(
        "SELECT DISTINCT key, tracks.window_index FROM clips JOIN tracks USING (track_id) JOIN failures "
        "ON failures.source_id = clips.source_id AND failures.window_index = tracks.window_index",
        "clip {0} is of window {1}, which failed",
    ),
)

ROW_CHECKS = (*_SOURCES, *_TRACKS, *_CLIPS, *_FAILURES)
"""All checks of rows that need no recipe."""
