"""The model card beside a trained network: what the program itself knows of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from schemas.clock import seconds_from_frames
from schemas.stored.clip_index import StoredClips

CARD = "card.md"
UNKNOWN_LICENCE = "not given"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The clips that a network learnt from."""

    frames: Counter[str]  # of each speaker
    licences: Counter[str]  # number of clips under each
    dataset_sha256: str  # of dataset.json
    num_skipped: int = 0  # times that a clip could not be read
    names_largest: bool = False  # whether the card names the speaker with most clips

    @property
    def num_clips(self) -> int:
        """Clips of all licences."""
        return self.licences.total()

    @property
    def largest_speaker(self) -> str:
        """The speaker with most frames; of several the first by name."""
        return min(self.frames, key=lambda speaker: (-self.frames[speaker], speaker))


def training_data(clips: StoredClips, dataset_sha256: str, num_skipped: int = 0) -> TrainingData:
    """Speakers and licences of the clips; num_skipped: times that a clip could not be read."""
    columns = {
        "speaker": clips.speaker_column,
        "frames": clips.places["num_frames"],
        "licence": clips.places["licence"],
    }
    whole = pa.table(columns)
    frames = {
        row["speaker"]: row["frames_sum"]
        for row in whole.group_by("speaker").aggregate([("frames", "sum")]).to_pylist()
    }
    licences: Counter[str] = Counter()
    for row in whole.group_by("licence").aggregate([([], "count_all")]).to_pylist():
        licences[" ".join((row["licence"] or UNKNOWN_LICENCE).split())] += row["count_all"]
    return TrainingData(
        frames=Counter(frames), licences=licences, dataset_sha256=dataset_sha256, num_skipped=num_skipped
    )


def write_card(folder: Path, network_name: str, sha256: str, about: str, sections: Iterable[str]) -> None:
    """Write card.md: the network's name and hash, one paragraph about it, then sections."""
    parts = [f"# {network_name}", about, f"sha256 {sha256}", *sections]
    (folder / CARD).write_text("\n\n".join(parts) + "\n")


def data_section(data: TrainingData) -> str:
    """What the network learnt from, and under which licences."""
    share = data.frames[data.largest_speaker] / data.frames.total()
    largest = f"{data.largest_speaker if data.names_largest else 'one'} has {share:.0%}"
    skipped = f" Clips that could not be read were skipped {data.num_skipped} times." if data.num_skipped else ""
    minutes = seconds_from_frames(data.frames.total()) / 60
    return section(
        "Data",
        f"{data.num_clips} clips, {minutes:.1f} minutes, {len(data.frames)} people, of whom {largest}.{skipped} "
        "The weights may be used as all of these licences together allow:",
        table(("licence, as given with the sources", "clips"), data.licences.most_common()),
        f"dataset.json of the dataset has sha256 {data.dataset_sha256}.",
    )


def making_section(command: str, details: str) -> str:
    """The command that repeats the run, and what it leaves open."""
    return section("How it was made", f"    {command}", details)


def section(heading: str, *paragraphs: str) -> str:
    """A section of Markdown."""
    return "\n\n".join([f"## {heading}", *paragraphs])


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown."""
    lines: list[Sequence[object]] = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
