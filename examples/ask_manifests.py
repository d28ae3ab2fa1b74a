"""Ask a dataset's manifests with DuckDB: `python examples/ask_manifests.py DATASET [QUERY]`, see docs/questions.md."""

import json
import sys
from pathlib import Path

import duckdb

QUESTIONS = {
    "What was dropped, and by which rule?": """
        SELECT stage, rule, count(*) AS dropped, round(median(value), 3) AS median, any_value(threshold) AS threshold
        FROM decisions WHERE NOT kept GROUP BY ALL ORDER BY dropped DESC
    """,
    "How much of each licence is in each split?": """
        SELECT split, licence, count(*) AS clips, round(sum(num_frames) / 25 / 60, 2) AS minutes
        FROM clips GROUP BY ALL ORDER BY ALL
    """,
    "Which shards hold clips of which speaker or source?": """
        SELECT coalesce(nullif(speaker, ''), source_uri) AS person, list(DISTINCT shard) AS shards
        FROM clips GROUP BY person ORDER BY person
    """,
    "Which faces were nearest to the threshold of the sync probability?": """
        SELECT track_id, round(sync_probability, 2) AS probability, round(audio_lag_frames, 1) AS lag_frames
        FROM tracks WHERE sync_probability IS NOT NULL ORDER BY abs(sync_probability - 0.5) LIMIT 5
    """,
}

folder = Path(sys.argv[1])
listed = [folder / part["path"] for part in json.loads((folder / "dataset.json").read_text())["manifests"]]
for table in ("sources", "decisions", "tracks", "clips", "shards", "failures"):
    duckdb.read_parquet([str(part) for part in listed if part.parent.name == table]).create_view(table)
for question, query in [(query, query) for query in sys.argv[2:]] or QUESTIONS.items():
    print(question)
    duckdb.sql(query).show()
