"""`talkshard build --input SRC --output DIR`: turn raw video into a dataset."""

from pipeline.graph import build_graph
from pipeline.launch import build


def main(argv: list[str], program: str) -> int:
    """Run one build; returns its exit code."""
    return build(argv, program, build_graph)
