"""The table of clips that a sync network is scored on."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UsageError

COLUMNS = ("path", "speaker", "lag_frames", "kind", "answer", "role")
KINDS = ("in_sync", "known_offset", "hard", "mcgurk")
ANSWERS = ("speaks", "no_speaker", "left", "right", "both", "turns")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedClip:
    """One line of the table."""

    path: Path
    name: str  # its path below the folder that holds all files of the table
    speaker: str  # person in the image; any text for several people
    lag_frames: float | None  # by how much the recording's audio is late, frames of 1/25 s; None: unknown
    kind: str  # in_sync: cases are cut from it; recordings of other kinds are judged whole
    answer: str  # of a hard recording: one of ANSWERS; else ""
    role: str  # as given; not used


def read_clip_table(path: Path) -> list[ListedClip]:
    """Rows of a CSV with a header; paths are relative to its folder. UsageError names the line and the fault."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns, lines = reader.fieldnames or [], list(reader)
    except OSError as error:
        raise UsageError(f"cannot read the table of clips {path}: {error.strerror}") from error
    unknown = sorted(set(columns) - set(COLUMNS))
    if unknown or not {"path", "speaker"} <= set(columns):
        raise UsageError(
            f"{path} must have the columns path,speaker and may have {','.join(COLUMNS[2:])}; it has "
            f"{','.join(columns) or 'none'}"
        )
    if not lines:
        raise UsageError(f"{path} lists no clip")
    files = [path.parent / (line["path"] or "").strip() for line in lines]
    above = os.path.commonpath([file.absolute().parent for file in files])
    return [
        _clip(line, f"{path} line {number}", file, os.path.relpath(file, above))
        for number, (line, file) in enumerate(zip(lines, files, strict=True), 2)
    ]


def _clip(line: dict[str, str], place: str, file: Path, name: str) -> ListedClip:
    text = {column: (line.get(column) or "").strip() for column in COLUMNS}
    kind = text["kind"] or "in_sync"
    if kind not in KINDS:
        raise UsageError(f"{place}: kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if (kind == "hard") != bool(text["answer"]) or (text["answer"] and text["answer"] not in ANSWERS):
        raise UsageError(f"{place}: a hard recording, and no other, has an answer: one of {', '.join(ANSWERS)}")
    if not text["speaker"]:
        raise UsageError(f"{place}: no speaker is named")
    if not file.is_file():
        raise UsageError(f"{place}: there is no file {file}")
    return ListedClip(
        path=file,
        name=name,
        speaker=text["speaker"],
        lag_frames=_lag(text["lag_frames"], place, kind),
        kind=kind,
        answer=text["answer"],
        role=text["role"],
    )


def _lag(text: str, place: str, kind: str) -> float | None:
    if not text and kind == "known_offset":
        raise UsageError(f"{place}: a known_offset recording needs its lag_frames")
    try:
        return float(text) if text else None
    except ValueError:
        raise UsageError(f"{place}: lag_frames must be a number of frames, not {text!r}") from None
