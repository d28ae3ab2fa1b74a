"""`talkshard repack OUTPUT`: the shards and tables that a fresh build of everything would make, as a new generation."""

from pipeline.launch import build
from pipeline.repack import parse_repack, repack_graph


def main(argv: list[str], program: str) -> int:
    """Repack one dataset; returns the exit code."""
    return build(argv, program, repack_graph, parse_repack)
