"""The two tables, as Markdown: numbers of each variant, and the paper's claims beside them."""

from collections.abc import Mapping, Sequence

from benchmarks.ablations.claims import Values, Verdict, spans
from benchmarks.ablations.numbers import NUMBERS
from benchmarks.ablations.variants import VARIANTS

_READING = """Numbers are means over clips of people who were not learnt from, then over seeds, with the range of the
seeds in brackets. Sharpness: variance of the Laplacian over that of the true faces (noise counts as sharp too). A
verdict asks for a difference greater than the widest range that seeds alone gave any variant; for deblurring, which is
judged on the same training, greater than the range of the differences. That says nothing of other people: see the
intervals in each evaluation.json. Windows of MFCC reach a frame less far on both sides, so a frame or two more of each
clip are judged for them. The base adds its output to the mean of the stills, which the paper's network does
not: there the skips and the number of stills have less left to give."""


def ablations_markdown(
    asked: Mapping[str, object],
    values: Values,
    references: Mapping[str, Mapping[str, float | None]],
    verdicts: Sequence[Verdict],
) -> str:
    """The whole page."""
    rows = [
        [
            VARIANTS[variant].about,
            str(len(values[variant])),
            *(_span_text(span) for span in spans(values, variant).values()),
        ]
        for variant in values
    ]
    rows += [[f"*{shown}*", "", *(_text(numbers[name]) for name in NUMBERS)] for shown, numbers in references.items()]
    headings = [f"{number.name} {'↑' if number.better == 'higher' else '↓'}" for number in NUMBERS.values()]
    judged = [
        [
            one.claim,
            f"{one.better} > {one.worse}",
            one.number,
            _text(one.better_mean),
            _text(one.worse_mean),
            _text(one.seeds_range),
            one.verdict,
        ]
        for one in verdicts
    ]
    title = f"# Ablations of `tiny`, {asked['steps']} steps"
    return "\n\n".join(
        [
            title,
            _table(["variant", "seeds", *headings], rows),
            "## Beside the claims",
            _table(["claim", "shall be", "number", "the first", "the other", "seeds' range", "here"], judged),
            _READING,
            "",
        ]
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [headings, ["---"] * len(headings), *rows])


def _span_text(span: Sequence[float] | None) -> str:
    if span is None or span[1] == span[2]:
        return _text(None if span is None else span[0])
    return f"{_text(span[0])} ({_text(span[1])} … {_text(span[2])})"


def _text(value: float | None) -> str:
    """Three figures or so; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
