"""The import rule: schemas <- plain modules <- stage.py <- pipeline <- beam_runner.py, read from the source."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCIPY_PARTS = ("fft", "interpolate", "linalg", "ndimage", "optimize", "signal", "spatial", "special", "stats")
OWN = (
    "audit",
    "beam_runner",
    "benchmarks",
    "demo",
    "pipeline",
    "schemas",
    "speech2vid",
    "talkshard",
    "tests",
    "transforms",
)
SHIPPED = ("audit", "pipeline", "schemas", "speech2vid", "transforms")
SHARED_PACKAGES = ("media", "beam_support")
TRAINING = ("torch", "torchaudio", "torchcodec", "safetensors", "tensorboard", "pyannote", "lightning")
SPEAKS_TORCH = (
    "transforms/prepare/pyannote_speech.py",
    "transforms/prepare/pyannote_checkpoint.py",
    "transforms/speakers/syncnet_checkpoint.py",
)  # read foreign checkpoints, where they were asked for
BEAM_FILES = ("beam_runner.py",)


def names_in(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Dotted names that import statements among some nodes import: `from a import b` gives a and a.b."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their package: no relative ones"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def imported_names(source: str) -> frozenset[str]:
    """Dotted names that a module's source imports, wherever in it."""
    return names_in(ast.walk(ast.parse(source)))


def names_imported_at_once(source: str) -> frozenset[str]:
    """Dotted names that a module imports when it is imported itself: outside functions and `if TYPE_CHECKING`."""
    return names_in(ast.parse(source).body)


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Dotted names that a file imports."""
    return imported_names(path.read_text())


def name_of(path: Path) -> str:
    """Path below the project, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


def shipped_files() -> list[Path]:
    """Python files of the wheel."""
    files = [path for package in SHIPPED for path in sorted((ROOT / package).rglob("*.py"))]
    return [*files, ROOT / "beam_runner.py", ROOT / "talkshard.py"]


def is_of(name: str, package: str) -> bool:
    """Whether a dotted name is the package or lies in it."""
    return name == package or name.startswith(f"{package}.")


def imports_any(path: Path, packages: tuple[str, ...]) -> set[str]:
    """What the file imports of these packages."""
    return {name for name in imports_of(path) for package in packages if is_of(name, package)}


def may_import_beam(path: Path) -> bool:
    """Whether the rule lets a file import Beam."""
    name = name_of(path)
    is_stage = name.startswith("transforms/") and path.name == "stage.py"
    return is_stage or name.startswith(("transforms/beam_support/", "pipeline/")) or name in BEAM_FILES


def plain_modules() -> list[Path]:
    """Files of the stages' folders and of media that hold no Beam."""
    return [path for path in sorted((ROOT / "transforms").rglob("*.py")) if not may_import_beam(path)]


def offences(files: list[Path], packages: tuple[str, ...]) -> dict[str, set[str]]:
    """File -> what it imports of packages that it must not."""
    return {name_of(path): found for path in files if (found := imports_any(path, packages))}


def test_an_import_inside_a_function_is_seen():
    assert imported_names("def f():\n    from transforms.faces import mesh\n") == {
        "transforms.faces",
        "transforms.faces.mesh",
    }


def test_an_import_inside_a_function_does_not_happen_at_once():
    assert names_imported_at_once("import a\ndef f():\n    import b\n") == {"a"}


def test_every_package_is_looked_at():
    assert {path.relative_to(ROOT).parts[0] for path in shipped_files()} >= set(SHIPPED)
    assert any(path.name == "stage.py" for path in shipped_files())


def test_only_stages_beam_support_and_pipeline_import_beam():
    assert offences([path for path in shipped_files() if not may_import_beam(path)], ("apache_beam",)) == {}


def test_schemas_import_nothing_of_ours_but_schemas():
    above = tuple(name for name in OWN if name != "schemas")
    assert offences(sorted((ROOT / "schemas").rglob("*.py")), above) == {}


def test_transforms_import_nothing_above_them():
    above = tuple(name for name in OWN if name not in ("schemas", "transforms"))
    assert offences(sorted((ROOT / "transforms").rglob("*.py")), above) == {}


@pytest.mark.parametrize("path", plain_modules(), ids=name_of)
def test_a_plain_module_imports_no_stage_and_no_beam_support(path: Path):
    wrong = {
        name
        for name in imports_of(path)
        if is_of(name, "transforms.beam_support")
        or (name.startswith("transforms.") and name.split(".")[2:3] == ["stage"])
    }
    assert wrong == set()


def test_a_stage_imports_no_other_stage():
    wrong = {}
    for path in sorted((ROOT / "transforms").rglob("*.py")):
        own_package = path.relative_to(ROOT).parts[1]
        packages = {name.split(".")[1] for name in imports_of(path) if name.startswith("transforms.")}
        if found := packages - {own_package, *SHARED_PACKAGES}:
            wrong[name_of(path)] = found
    assert wrong == {}


def test_the_shared_packages_import_no_stage():
    stages = tuple(f"transforms.{path.parent.name}" for path in sorted((ROOT / "transforms").glob("*/stage.py")))
    files = [path for package in SHARED_PACKAGES for path in sorted((ROOT / "transforms" / package).rglob("*.py"))]
    assert len(stages) >= 8
    assert offences(files, stages) == {}


def test_pipeline_does_not_import_the_entry():
    files = sorted((ROOT / "pipeline").rglob("*.py"))
    assert offences(files, ("beam_runner", "talkshard", "tests", "benchmarks", "demo")) == {}


def test_only_the_commands_of_pipeline_import_the_trainer():
    files = [path for path in (ROOT / "pipeline").rglob("*.py") if not name_of(path).startswith("pipeline/commands/")]
    assert offences(files, ("speech2vid",)) == {}


def test_the_commands_import_the_trainer_only_when_they_run():
    wrong = {
        name_of(path): found
        for path in (ROOT / "pipeline" / "commands").glob("*.py")
        if (found := {name for name in names_imported_at_once(path.read_text()) if is_of(name, "speech2vid")})
    }
    assert wrong == {}


def test_the_trainer_and_the_auditor_import_only_schemas_and_plain_modules():
    stages = tuple(f"transforms.{path.parent.name}.stage" for path in sorted((ROOT / "transforms").glob("*/stage.py")))
    files = [path for package in ("speech2vid", "audit") for path in sorted((ROOT / package).rglob("*.py"))]
    assert offences(files, ("pipeline", "beam_runner", "tests", "benchmarks", "demo", *stages)) == {}


def test_the_dataset_graph_never_imports_torch():
    files = [
        path
        for path in shipped_files()
        if not name_of(path).startswith("speech2vid/") and name_of(path) not in SPEAKS_TORCH
    ]
    assert offences(files, TRAINING) == {}


def test_the_parts_of_scipy_are_loaded_where_they_are_used():
    """`import scipy` loads none of them: all of them would cost each process of a build a second."""
    files = [path for path in shipped_files() if not name_of(path).startswith("speech2vid/")]
    assert offences(files, tuple(f"scipy.{part}" for part in SCIPY_PARTS)) == {}


def test_nothing_imports_benchmarks_or_tests():
    assert offences(shipped_files(), ("benchmarks", "tests", "demo")) == {}


def test_annotations_stay_types_where_beam_reads_them():
    files = [path for path in shipped_files() if may_import_beam(path) or name_of(path).startswith("schemas/")]
    assert offences(files, ("__future__.annotations",)) == {}
