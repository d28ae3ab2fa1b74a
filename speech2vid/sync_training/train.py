"""`talkshard train-sync`: trains the sync network from a dataset, and writes the ONNX file that `--sync` takes."""

import argparse
import hashlib
import os
import time
from collections import Counter
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.sync_training.clips import TalkingClip, read_lags, write_lags
from speech2vid.sync_training.dataset import read_clips, read_only
from speech2vid.sync_training.run import CHECKPOINTS, NETWORK, TENSORBOARD, command_line, run_of
from speech2vid.training.run_folder import begin_run, refuse_another_run

_DESCRIPTION = """Train the sync network from the train split of a dataset of talkshard build. People are left out in
turn to find how long to train and what a curve is worth; then networks learn from all. The same command goes on with a
run that was killed. DIR: the network, training.json, card.md, checkpoints and tensorboard (both may go afterwards)."""
_LEAST = {"networks": 1, "folds": 2, "steps": 1, "patience": 1, "rounds": 1, "workers": 1, "seed": 0}


def main(argv: list[str], program: str = "talkshard train-sync") -> int:
    """Train and export, or go on with what was begun; returns the exit code."""
    args, start = _read_options(argv, program), time.monotonic()
    output, lags = Path(args.output), read_lags(Path(args.lags)) if args.lags else {}
    run = run_of(args, lags)
    refuse_another_run(output, NETWORK, CHECKPOINTS, run)
    clips = _clips(args, lags)
    if args.only:
        licences = sorted(Counter(clip.licence for clip in clips).items())
        print("--only keeps " + "; ".join(f"{number} clips under {name!r}" for name, number in licences))
    begin_run(output, CHECKPOINTS, run)
    _train(args, output, clips, lags, run)
    print(f"{time.monotonic() - start:.0f} s")
    return 0


def _train(
    args: argparse.Namespace,
    output: Path,
    clips: list[TalkingClip],
    lags: dict[str, float | None],
    run: dict[str, object],
) -> None:
    """All rounds, each but the last for the lags that it finds."""
    from speech2vid.sync_training.lags import corrected_lags
    from speech2vid.sync_training.loop import SyncTrainingSettings
    from speech2vid.sync_training.rounds import RoundPlan, learn_from_all, leave_out, open_pool
    from speech2vid.training.sync_progress import Curves

    curves = Curves(output / TENSORBOARD)
    for number in range(1, args.rounds + 1):
        plan = RoundPlan(
            folder=output / CHECKPOINTS / f"round{number}",
            seed=args.seed,
            num_networks=args.networks,
            settings=SyncTrainingSettings(steps=args.steps, patience=args.patience),
            num_folds=args.folds,
        )
        with open_pool(clips, args.workers) as (pool, progress):
            held_out = leave_out(clips, plan, pool, progress, curves)
            if number == args.rounds:
                pairs = learn_from_all(plan, held_out.steps, pool, progress, curves)
                break
        likeness = [found for fold in held_out.evidence for found in fold.likeness.items()]
        found = corrected_lags(clips, likeness, held_out.calibration, lags)
        _write_lags(found, lags, output / f"lags_round{number}.csv")
        lags, clips = found, _clips(args, found)
    _write(args, output, clips, plan, held_out, pairs, run)


def _write(
    args: argparse.Namespace, output: Path, clips: list[TalkingClip], plan, held_out, pairs, run: dict[str, object]
) -> None:
    """The network last: where it lies, all lies."""
    from speech2vid.sync_training.export import export_towers
    from speech2vid.sync_training.record import FinishedTraining, write_record

    network, whole = output / NETWORK, output / f"{NETWORK}.part"
    export_towers(pairs, whole, network.stem, held_out.calibration)
    sha256 = hashlib.sha256(whole.read_bytes()).hexdigest()
    done = FinishedTraining(
        name=NETWORK,
        size_bytes=whole.stat().st_size,
        sha256=sha256,
        command=command_line(args),
        run=run,
        clips=clips,
        plan=plan,
        held_out=held_out,
    )
    write_record(done, output)
    os.replace(whole, network)
    print(f"{network}: {network.stat().st_size / 1e6:.1f} MB, sha256 {sha256}")


def _write_lags(found: dict[str, float | None], before: dict[str, float | None], path: Path) -> None:
    from speech2vid.sync_training.lags import RULES

    head = "Lags in frames of 1/25 s, + = the audio is late, of the sources whose lag was given or found."
    write_lags(found, [head, *RULES], path)
    changed = [name for name in found if name not in before or found[name] != before[name]]
    dropped = sum(found[name] is None for name in changed)
    print(f"{path}: {len(changed) - dropped} sources have another lag than before, {dropped} more are dropped")


def _clips(args: argparse.Namespace, lags: dict[str, float | None]) -> list[TalkingClip]:
    clips = read_clips(args.dataset, lags, read_only(args.only))
    num_people = len({clip.speaker for clip in clips})
    if num_people < args.folds + 1:
        left = " left" if lags or args.only else ""
        raise UsageError(
            f"the train split of {args.dataset} has clips of {num_people} people{left}: --folds "
            f"{args.folds} needs {args.folds + 1} or more"
        )
    return clips


def _read_options(argv: list[str], program: str) -> argparse.Namespace:
    options = argparse.ArgumentParser(prog=program, description=_DESCRIPTION)
    add = options.add_argument
    add("--dataset", required=True, metavar="OUT", help="output of talkshard build")
    add("--output", required=True, metavar="DIR", help=f"folder for {NETWORK} and what led to it; new, or gone on with")
    add("--lags", metavar="CSV", help="measured lags of sources: source,lag_frames (+ = the audio is late; or drop)")
    add(
        "--only",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="learn only from clips whose column holds the value's words in a row, whatever stands between them and in "
        "small or capital letters (licence=CC-BY-4.0 keeps 'GRID corpus, CC BY 4.0'); of one column given several "
        "times any value will do, of several columns all must hold",
    )
    add(
        "--rounds",
        type=int,
        default=1,
        help="2 or more: measure the clips' lags by networks that did not learn from "
        "their people, write them to DIR/lags_roundN.csv, and train again with them (default: %(default)s)",
    )
    add("--seed", type=int, default=0, help="same seed, same network (default: %(default)s)")
    add("--networks", type=int, default=2, help="networks whose similarities are averaged (default: %(default)s)")
    add("--folds", type=int, default=4, help="groups of people left out in turn (default: %(default)s)")
    add("--steps", type=int, default=800, help="most training steps (default: %(default)s)")
    add(
        "--patience",
        type=int,
        default=4,
        help="scorings, one each 100 steps, without a better one before the folds end (default: %(default)s)",
    )
    add("--workers", type=int, default=2, help="processes; changes no number (default: %(default)s)")
    args = options.parse_args(argv)
    for name, least in _LEAST.items():
        if getattr(args, name) < least:
            raise UsageError(f"--{name} must be {least} or more, not {getattr(args, name)}")
    return args
