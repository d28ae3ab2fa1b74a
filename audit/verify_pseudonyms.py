"""A dataset that says it holds pseudonyms: no name is in its tables and in its record as it was given."""

import re
from collections.abc import Iterator

from transforms.manifests.checks import Check
from transforms.media.takedown_list import REFUSED_NAME
from transforms.sources.pseudonyms import CHECK_PATTERN, NAME_PATTERN, PATTERNS

_ONLY = "but run.json says that the dataset holds pseudonyms"


def pseudonym_problems(run: dict) -> Iterator[str]:
    """What a run's record holds beside pseudonyms. run: the content of run.json."""
    found = run.get("pseudonyms", "")
    if not isinstance(found, str) or not re.fullmatch(CHECK_PATTERN, found):
        yield f"run.json: pseudonyms is {found!r}, no check of a key"
    if not found:
        return
    if run.get("root") != "":
        yield f"run.json: it names the root {run.get('root')!r}, but holds pseudonyms"
    command = run.get("command_line")
    for word in command if isinstance(command, list) else [command]:
        if not isinstance(word, str) or not re.fullmatch(r"--[^\s=]+", word):
            yield f"run.json: its command line names {word!r}, but holds pseudonyms"


def pseudonym_checks(run: dict) -> Iterator[Check]:
    """Checks that each speaker, group and name of a source in the tables is a pseudonym."""
    if not run.get("pseudonyms"):
        return
    for table, key in (("sources", "source_id"), ("clips", "key")):
        for column, pattern in PATTERNS.items():
            yield Check(
                f"SELECT {key} FROM {table} WHERE NOT regexp_full_match(\"{column}\", '{pattern}')",
                f"{table} of {{0}}: its {column} is no pseudonym, {_ONLY}",
            )
    yield Check(
        "SELECT source_id FROM (SELECT source_id, unnest(uris) AS uri FROM sources) WHERE NOT "
        f"regexp_full_match(uri, '{NAME_PATTERN}') AND NOT starts_with(uri, '{REFUSED_NAME}')",
        f"sources of {{0}}: its uris are no pseudonyms, {_ONLY}",
    )
