"""`talkshard train-sync`: trains the sync network from a dataset, and writes the ONNX file that `--sync` takes."""
import argparse
import dataclasses
import hashlib
import json
import math
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.sync_clips import TalkingClip, read_lags
from speech2vid.sync_dataset import read_clips

_SPAWN = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
_NETWORK, _RECORD = "lip_sync.onnx", "training.json"


def main(words: list[str], program: str = "talkshard train-sync") -> int:
    """Train and export; returns the exit code."""
    own = _options(program).parse_args(words)
    output = Path(own.output)
    if (output / _NETWORK).exists():
        raise UsageError(f"{output} holds a network already: choose another --output, or remove it first")
    clips = read_clips(own.dataset, read_lags(Path(own.lags)) if own.lags else {})
    _require_people(clips, own.folds, own.dataset)
    output.mkdir(parents=True, exist_ok=True)
    train_and_export(clips, output, seed=own.seed, num_networks=own.networks, num_folds=own.folds, steps=own.steps,
                     workers=own.workers)
    return 0


def train_and_export(clips: list[TalkingClip], output: Path, *, seed: int, num_networks: int, num_folds: int,
                     steps: int, workers: int) -> None:
    """Find the number of steps on people left out, train on all, write lip_sync.onnx and training.json."""
    from speech2vid.sync_export import export_towers
    from speech2vid.sync_training import SyncTrainingSettings, deal_people

    start = time.monotonic()
    settings = SyncTrainingSettings(steps=steps)
    folds = deal_people(clips, num_folds)
    with ProcessPoolExecutor(workers, mp_context=_SPAWN, initializer=_one_thread) as pool:
        held_out = list(pool.map(_score_fold, *zip(*((clips, people, settings, seed) for people in folds))))
        chosen = choose_steps([{step: found.quality for step, found in fold.items()} for fold in held_out])
        print(f"{chosen} steps are best on people left out; {num_networks} networks learn from all", flush=True)
        settings = dataclasses.replace(settings, steps=chosen)
        pairs = list(pool.map(_train, *zip(*((clips, settings, seed + number) for number in range(num_networks)))))
    network = output / _NETWORK
    export_towers(pairs, network, network.stem)
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    record = {
        "sha256": sha256, "seed": seed, "networks": num_networks, "settings": dataclasses.asdict(settings),
        "clips": len(clips), "frames": sum(map(len, clips)), "people": sorted({clip.speaker for clip in clips}),
        "people_left_out": [sorted(people) for people in folds],
        "held_out": [{str(step): dataclasses.asdict(found) for step, found in fold.items()} for fold in held_out],
    }
    (output / _RECORD).write_text(json.dumps(record, indent=1) + "\n")
    print(f"{network}: {network.stat().st_size / 1e6:.1f} MB, sha256 {sha256}, {time.monotonic() - start:.0f} s")


def choose_steps(qualities: list[dict[int, float]]) -> int:
    """Steps of the best mean quality over folds, each value taken with its neighbours: one lucky step is no peak.

    A fold whose people have too little speech to be told apart has no quality (NaN) and no say.
    """
    judged = [fold for fold in qualities if all(math.isfinite(value) for value in fold.values())]
    if not judged:
        raise UsageError("no people left out have enough speech to choose the number of steps by: give a dataset with "
                         "more people, or fewer --folds")
    steps = sorted(judged[0])
    mean = [sum(fold[step] for fold in judged) / len(judged) for step in steps]
    around = [mean[max(0, i - 1):i + 2] for i in range(len(mean))]
    smooth = [sum(values) / len(values) for values in around]
    return steps[smooth.index(max(smooth))]


def _options(program: str) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog=program, description="Train the sync network from the train split of a dataset of talkshard build.")
    options.add_argument("--dataset", required=True, metavar="OUT", help="output of talkshard build")
    options.add_argument("--output", required=True, metavar="DIR", help=f"new folder for {_NETWORK} and {_RECORD}")
    options.add_argument(
        "--lags", metavar="CSV", help="measured lags of sources: source,lag_frames (+ = the sound is late; or drop)")
    options.add_argument("--seed", type=int, default=0, help="same seed, same network (default: %(default)s)")
    options.add_argument(
        "--networks", type=int, default=2, help="networks whose similarities are averaged (default: %(default)s)")
    options.add_argument("--folds", type=int, default=4, help="people groups left out in turn (default: %(default)s)")
    options.add_argument("--steps", type=int, default=800, help="most training steps (default: %(default)s)")
    options.add_argument("--workers", type=int, default=2, help="processes; changes no number (default: %(default)s)")
    return options


def _require_people(clips: list[TalkingClip], num_folds: int, dataset: str) -> None:
    people = {clip.speaker for clip in clips}
    if len(people) < num_folds + 2:
        raise UsageError(f"the train split of {dataset} has clips of {len(people)} people: --folds {num_folds} needs "
                         f"{num_folds + 2} or more")


def _one_thread() -> None:
    import torch
    torch.set_num_threads(1)  # another number sums in another order


def _score_fold(clips: list[TalkingClip], people: set[str], settings, seed: int) -> dict:
    from speech2vid.sync_training import held_out_scores
    names = ", ".join(sorted(people))
    return held_out_scores(clips, people, settings, seed, lambda line: print(f"without {names}: {line}", flush=True))


def _train(clips: list[TalkingClip], settings, seed: int):
    from speech2vid.sync_training import trained
    return trained(clips, settings, seed)
