"""Programmes of a transport stream, and which streams belong to each."""

import re

import av
import av.logging

_LINE = re.compile(r"^  (?:Program (?P<programme>\d+)|(?P<none>No Program)|Stream #\d+:(?P<stream>\d+))", re.MULTILINE)


def programmes_of(container: "av.container.InputContainer") -> dict[int, tuple[int, ...]]:
    """Index of a stream -> numbers of its programmes, ascending; empty where the file has fewer than two programmes.

    PyAV has no programmes, except in FFmpeg's description of the file, which it gives at this level of messages only.
    """
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        text = container.dumps_format()  # type: ignore[attr-defined]  # PyAV's stubs leave it out
    finally:
        av.logging.set_level(level)
    found: dict[int, tuple[int, ...]] = {}
    programme: int | None = None
    numbers = set()
    for match in _LINE.finditer(text):
        if match["stream"] is None:
            programme = None if match["none"] else int(match["programme"])
            numbers.add(programme)
        elif programme is not None:
            index = int(match["stream"])
            found[index] = tuple(sorted({*found.get(index, ()), programme}))
    return found if len(numbers - {None}) > 1 else {}
