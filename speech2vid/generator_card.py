"""The model card beside a trained generator: what the program itself knows of it."""
import hashlib
from collections import Counter
from pathlib import Path

import pyarrow as pa

from schemas.clock import seconds_from_frames
from speech2vid.recipes import GeneratorTrainingSettings

CARD = "card.md"
_NOT_GIVEN = "not given"


def write_card(output: Path, name: str, content: bytes, run: dict[str, object], settings: GeneratorTrainingSettings,
               clips: pa.Table) -> None:
    """Write DIR/card.md. content: of the file `name`; clips: the clips learnt from, with speaker, licence and num_frames."""
    about = (f"Stills of a face and a sound to the face that says it: recipe `{settings.name}`, "
             f"{settings.generator.num_identity} stills, hears {settings.generator.sound}, {len(content) / 1e6:.1f} MB.")
    (output / CARD).write_text("\n\n".join([
        f"# {name}", about, f"sha256 {hashlib.sha256(content).hexdigest()}", *_data(run, clips), *_making(run, settings)]) + "\n")


def _data(run: dict[str, object], clips: pa.Table) -> list[str]:
    frames: Counter[str] = Counter()
    for clip in clips.select(["speaker", "num_frames"]).to_pylist():
        frames[clip["speaker"] or _NOT_GIVEN] += clip["num_frames"]
    licences = Counter(licence or _NOT_GIVEN for licence in clips["licence"].to_pylist())
    rows = ["| licence, as given with the sources | clips |", "| --- | --- |"]
    rows += [f"| {licence.replace('|', '/')} | {count} |" for licence, count in licences.most_common()]
    shares = ", ".join(f"{speaker} {seconds_from_frames(count):.0f} s" for speaker, count in frames.most_common())
    return ["## Data",
            (f"{clips.num_rows} clips, {seconds_from_frames(frames.total()) / 60:.1f} minutes, of {len(frames)} people: "
             f"{shares}. The weights come under what these licences allow together:"),
            "\n".join(rows), f"dataset.json of the dataset has sha256 {run['dataset']}."]


def _making(run: dict[str, object], settings: GeneratorTrainingSettings) -> list[str]:
    where = f' --where "{" ".join(str(run["where"]).split())}"' if run["where"] else ""
    command = f"talkshard train --dataset OUT --recipe {run['recipe']} --output DIR --seed {run['seed']}{where}"
    return ["## How it was made", f"    {command}",
            (f"{settings.steps} steps of {settings.batch_clips} clips and {settings.targets_per_clip} targets of each, "
             f"on {run['num_ranks']} process, torch {run['torch']}. The same bits come of it on one thread.")]
