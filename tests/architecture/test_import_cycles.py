"""No module imports itself by way of others, not even inside a function: the import graph of the wheel has no cycle."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.architecture.test_imports import ROOT, imports_of, shipped_files


def module_of(path: Path) -> str:
    """Dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph() -> dict[str, set[str]]:
    """Module of the wheel -> modules of the wheel that it imports, wherever in its source."""
    names = {module_of(path): imports_of(path) for path in shipped_files()}
    return {module: set(imported) & set(names) - {module} for module, imported in names.items()}


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """One cycle of a graph, each module importing the next; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_a_cycle_is_found_and_named():
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) in (["b", "c", "b"], ["c", "b", "c"])
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_the_graph_holds_imports_inside_functions():
    assert "transforms.prepare.pyannote_speech" in import_graph()["transforms.prepare.speech_models"]


def test_no_shipped_module_imports_itself_by_way_of_others():
    assert cycle_in(import_graph()) == []
