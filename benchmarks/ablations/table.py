"""The two tables of the ablations as Markdown: numbers of each variant, and verdicts on the claims."""

from collections.abc import Mapping, Sequence

from benchmarks.ablations.claims import Values, Verdict, spans
from benchmarks.ablations.numbers import NUMBERS
from benchmarks.ablations.variants import VARIANTS

_READING = """Numbers are means over clips of held-out speakers, then over seeds, with the range of the seeds in
brackets. Sharpness is the variance of the Laplacian in the mouth over that of the real faces, at their size (noise
counts as sharp too). A verdict needs a difference greater than the widest range that seeds alone gave any variant; for
deblurring, which is applied to the same trained generator, greater than the range of the differences. That says nothing
about other speakers. Windows of MFCC reach a frame less far on both sides, so that a frame or two more of each clip are
scored with them."""


def ablations_markdown(
    settings: Mapping[str, object],
    values: Values,
    references: Mapping[str, Mapping[str, float | None]],
    verdicts: Sequence[Verdict],
) -> str:
    """The whole page; references: numbers of conditions without a generator."""
    title = (
        f"# Ablations of the published graph, {settings['width']:g} of its width, {settings['image_px']} px, "
        f"{settings['steps']} steps"
    )
    return "\n\n".join(
        [
            title,
            _table(*_numbers(values, references)),
            "## Compared with the paper's claims",
            _table(["claim", "expected", "number", "first", "second", "seeds' range", "here"], _compared(verdicts)),
            _READING,
            "",
        ]
    )


def _numbers(values: Values, references: Mapping[str, Mapping[str, float | None]]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the variants and of the references."""
    rows = [
        [
            VARIANTS[variant].about,
            str(len(values[variant])),
            *(_span_text(span) for span in spans(values, variant).values()),
        ]
        for variant in values
    ]
    rows += [[f"*{name}*", "", *(_text(numbers[number]) for number in NUMBERS)] for name, numbers in references.items()]
    headings = [f"{number.name} {'↑' if number.better == 'higher' else '↓'}" for number in NUMBERS.values()]
    return ["variant", "seeds", *headings], rows


def _compared(verdicts: Sequence[Verdict]) -> list[list[str]]:
    return [
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


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [headings, ["---"] * len(headings), *rows])


def _span_text(span: Sequence[float] | None) -> str:
    if span is None or span[1] == span[2]:
        return _text(None if span is None else span[0])
    return f"{_text(span[0])} ({_text(span[1])} … {_text(span[2])})"


def _text(value: float | None) -> str:
    """A number with about three digits, or a dash."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
