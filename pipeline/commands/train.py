"""`talkshard train --dataset OUT --recipe NAME --output DIR`: train a generator of talking faces."""

from pipeline.commands.parser import CommandParser, require_file

_DESCRIPTION = """Train a generator of talking faces from the train split of a dataset of talkshard build. The same
command resumes a run that was killed; torchrun starts one process a device, and all of them train one generator. DIR:
generator.onnx (for talkshard generate), its weights, deblurring.onnx, training.json, card.md, checkpoints and
tensorboard (both can be deleted)."""
_MINIMUMS = {"steps": 1, "batch_clips": 2, "seed": 0, "workers": 0, "threads": 1}


def main(argv: list[str], program: str) -> int:
    """Train and export, or resume; returns the exit code."""
    args = _parser(program).parse(argv, _MINIMUMS)
    require_file("--identity_init", args.identity_init)
    from speech2vid.generator_training.options import GeneratorTrainingOptions, default_threads
    from speech2vid.generator_training.train import train_generator

    args.threads = args.threads or default_threads()
    train_generator(GeneratorTrainingOptions(**vars(args)))
    return 0


def _parser(program: str) -> CommandParser:
    parser = CommandParser(program, _DESCRIPTION)
    add = parser.add_argument
    add("--dataset", required=True, metavar="OUT", help="output of talkshard build, a folder or a URL")
    add(
        "--recipe",
        required=True,
        choices=("tiny", "small", "paper"),
        help="tiny: half an hour on two cores; small: two hours; paper: the published size and loss",
    )
    add("--output", required=True, metavar="DIR", help="folder to write to; new, or that of a run to resume")
    add("--steps", type=int, help="training steps (default: the recipe's)")
    add("--learning_rate", type=float, help="the highest learning rate (default: the recipe's)")
    add("--batch_clips", type=int, help="clips of a step, in each process (default: the recipe's)")
    add("--seed", type=int, default=0, help="same seed and --threads 1, same generator (default: %(default)s)")
    add(
        "--where",
        metavar="CONDITION",
        help="train only on clips that meet this DuckDB condition on the clips table, as in "
        '"sync_probability > 0.95 and face_source_px > 80"',
    )
    add(
        "--content_network",
        default="centerface",
        metavar="NETWORK",
        help="network whose feature maps the content loss compares: centerface, FILE.onnx, or VGG-M weights as .mat or "
        ".safetensors (default: %(default)s)",
    )
    add(
        "--identity_init",
        metavar="FILE",
        help="VGG-M weights (.mat, .safetensors) that the identity encoder starts from",
    )
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: %(default)s)")
    add("--workers", type=int, default=1, help="processes that read samples; changes no number (default: %(default)s)")
    add("--threads", type=int, help="threads of a step on the CPU (default: all cores, shared by the processes)")
    return parser
