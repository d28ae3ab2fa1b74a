"""`talkshard train-sync --dataset OUT --output DIR`: train the sync network that `--sync` takes."""

from pipeline.commands.parser import CommandParser

_DESCRIPTION = """Train the sync network from the train split of a dataset of talkshard build. Groups of speakers are
held out in turn, to find how long to train and to calibrate the network; then networks are trained on all speakers.
The same command resumes a run that was killed. DIR: lip_sync.onnx (log_mel_judge.onnx without a speech encoder),
training.json, card.md, checkpoints and tensorboard (both can be deleted afterwards)."""
_MINIMUMS = {"networks": 1, "folds": 2, "steps": 1, "patience": 1, "rounds": 1, "workers": 1, "seed": 0, "width": 1}


def main(argv: list[str], program: str) -> int:
    """Train and export, or resume; returns the exit code."""
    args = _parser(program).parse(argv, _MINIMUMS)
    from speech2vid.sync_training.options import SyncTrainingOptions
    from speech2vid.sync_training.train import train_sync_network

    train_sync_network(SyncTrainingOptions(**vars(args)))
    return 0


def _parser(program: str) -> CommandParser:
    parser = CommandParser(program, _DESCRIPTION)
    add = parser.add_argument
    add("--dataset", required=True, metavar="OUT", help="output of talkshard build, a folder or a URL")
    add("--output", required=True, metavar="DIR", help="folder to write to; new, or that of a run to resume")
    add("--lags", metavar="CSV", help="measured lags of sources: source,lag_frames (+ = the audio is late; or drop)")
    add(
        "--where",
        metavar="CONDITION",
        help="train only on clips that meet this DuckDB condition on the clips table, as in "
        "\"licence LIKE '%%CC BY 4.0%%'\"",
    )
    add(
        "--rounds",
        type=int,
        default=1,
        help="2 or more: measure the clips' lags by networks that were not trained on their speakers, write them to "
        "DIR/lags_roundN.csv, and train again with them (default: %(default)s)",
    )
    add("--seed", type=int, default=0, help="same seed, same network (default: %(default)s)")
    add("--networks", type=int, default=2, help="networks whose similarities are averaged (default: %(default)s)")
    add("--width", type=int, default=96, help="channels within a network's towers (default: %(default)s)")
    add(
        "--audio_features",
        choices=("speech", "log_mel"),
        default="speech",
        help="log-mel columns with the features of a speech encoder, or (log_mel) the columns alone, for a judge of "
        "generators that use that encoder (default: %(default)s)",
    )
    add("--folds", type=int, default=4, help="groups of speakers held out in turn (default: %(default)s)")
    add("--steps", type=int, default=800, help="training steps at most (default: %(default)s)")
    add(
        "--patience",
        type=int,
        default=4,
        help="scorings, one each 100 steps, without a better one before the folds end (default: %(default)s)",
    )
    add("--workers", type=int, default=2, help="processes; changes no number (default: %(default)s)")
    return parser
