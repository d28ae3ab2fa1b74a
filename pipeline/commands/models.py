"""`talkshard models list|install|verify|try`: the models' weights, and whether they work here."""

from pipeline.commands.parser import CommandParser
from pipeline.config import Recipe
from pipeline.preflight import preflight
from pipeline.try_machine import try_machine
from schemas.errors import UsageError
from transforms.media.models import (
    DEFAULT_MODELS,
    MODELS,
    Model,
    install_models,
    known_model,
    model_path,
    models_folder,
    verify_models,
)


def main(argv: list[str], program: str) -> int:
    """List, install, verify or try models; returns the exit code."""
    by_name_only = [name for name in MODELS if name not in DEFAULT_MODELS]
    parser = CommandParser(
        program,
        "List, install or verify the models' weights, which come from pinned archives of the package registry; or try "
        "whether this machine decodes a clip and computes with every network of a default build.",
        epilog=f"Without a MODEL, list shows all; install and verify take {', '.join(DEFAULT_MODELS)}. By name only: "
        f"{', '.join(by_name_only)}.",
    )
    parser.add_argument("action", choices=("list", "install", "verify", "try"), help="see above; try takes no MODEL")
    parser.add_argument("names", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    args = parser.parse(argv)
    if args.action == "try" and args.names:
        raise UsageError(f"{program} try takes no MODEL: it computes with every network of a default build")
    names = tuple(args.names) or DEFAULT_MODELS
    if args.action == "list":
        shown = map(known_model, args.names or MODELS)
        print("\n".join([f"models in {models_folder()}", *map(_lines, shown)]))
    elif args.action == "try":
        print("\n".join(try_machine(preflight(Recipe()))))
    elif args.action == "verify":
        verify_models(names)
        print(f"{', '.join(names)}: as pinned, in {models_folder()}")
    else:
        placed = install_models(names)
        print("\n".join(f"installed {path}" for path in placed) or f"nothing to do: all in {models_folder()}")
        for name in names:
            print(f"  {name}: weights under {MODELS[name].licence}, see {model_path(name).rsplit('.', 1)[0]}.LICENSE")
    return 0


def _lines(model: Model) -> str:
    installed = "installed" if (models_folder() / model.file_name).is_file() else "not installed"
    return (
        f"{model.name}: {model.job}; {installed}\n"
        f"    {model.package} {model.version}, {model.member}\n"
        f"    sha256 {model.member_sha256}\n"
        f"    {model.licence}, {model.licence_url}"
    )
