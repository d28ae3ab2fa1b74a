"""The sources of face and audio in `make train-demo`: `python -m demo.talking_pair DATASET` prints two paths.

Both are sources of held-out speakers: the largest face that is alone in its source, and the most speech of another
speaker. A NUL follows each path.
"""

import json
import sys
from pathlib import Path

import duckdb

from schemas.errors import TalkshardError, UsageError
from transforms.media.source_names import found_uri

_SOURCES = """
    SELECT source_uri, coalesce(nullif(speaker, ''), source_uri) AS person, max(face_source_px) AS face_px,
           sum(num_frames * speech_share) AS spoken_frames, count(DISTINCT track_id) = 1 AS is_alone
    FROM read_parquet(?) WHERE split = 'val' GROUP BY ALL"""
_FACE = "SELECT source_uri, person FROM sources ORDER BY is_alone DESC, face_px DESC, source_uri LIMIT 1"
_AUDIO = """
    SELECT source_uri FROM sources WHERE source_uri <> ?
    ORDER BY person <> ? DESC, spoken_frames DESC, source_uri LIMIT 1"""


def main(argv: list[str] | None = None) -> int:
    """Print both paths; returns the exit code."""
    (dataset,) = sys.argv[1:] if argv is None else argv
    try:
        sys.stdout.write("".join(f"{path}\0" for path in talking_pair(Path(dataset))))
    except TalkshardError as error:
        print(f"demo.talking_pair: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def talking_pair(dataset: Path) -> tuple[str, str]:
    """Choose the sources of face and audio, of two speakers if possible; UsageError: there is only one source."""
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE sources AS {_SOURCES}", [f"{dataset}/manifests/clips/*.parquet"])
        face = database.execute(_FACE).fetchone()
        audio = face and database.execute(_AUDIO, face).fetchone()
    if not audio:
        raise UsageError(
            f"{dataset} has clips of {1 if face else 0} sources of DEV, but the face of one and the audio of another "
            "are needed: give a DEV= folder with more videos"
        )
    root = json.loads((dataset / "run.json").read_text())["root"]
    return found_uri(face[0], root), found_uri(audio[0], root)


if __name__ == "__main__":
    sys.exit(main())
