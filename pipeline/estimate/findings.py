"""What an estimate says, as lines for people and as a record for machines."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from pipeline.estimate.measure import Measures
from pipeline.estimate.sample import Sample
from pipeline.estimate.totals import Estimate, Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a build of all sources would take and give."""

    num_sources: int
    num_drawn: int
    drawn_video_s: float
    cores: int
    price: float | None  # of a core-hour
    video_h: Estimate
    core_h: Estimate
    start_core_h: float  # of core_h: launcher, workers and their models, whatever the number of sources
    wall_h: Estimate  # where all cores are busy
    shards_gb: Estimate
    staging_gb: Estimate
    clips: Estimate
    clips_h: Estimate
    dropped: dict[str, Estimate]  # "STAGE RULE SUBJECTS" -> subjects that the rule drops
    failed: dict[str, Estimate]  # kind -> failures

    @property
    def cost(self) -> Estimate | None:
        """What the core-hours cost."""
        return None if self.price is None else self.core_h.scaled(self.price)


def find(sample: Sample, measures: Measures, cores: int, price: float | None) -> Findings:
    """Estimate the totals of all sources."""
    totals = Totals(sample)
    cpu_s = totals.by_length(measures.cpu_s)
    return Findings(
        num_sources=sample.num_sources,
        num_drawn=len(sample.sources),
        drawn_video_s=float(measures.video_s.sum()),
        cores=cores,
        price=price,
        video_h=totals.with_unseen(totals.by_length(measures.video_s)).scaled(1 / 3600),
        core_h=cpu_s.scaled(1 / 3600, measures.start_cpu_s / 3600),
        start_core_h=measures.start_cpu_s / 3600,
        wall_h=cpu_s.scaled(1 / 3600 / cores, measures.start_wall_s / 3600),
        shards_gb=totals.by_length(measures.shard_bytes).scaled(1e-9),
        staging_gb=totals.by_length(measures.staging_bytes).scaled(1e-9),
        clips=totals.by_length(measures.clips),
        clips_h=totals.by_length(measures.clip_s).scaled(1 / 3600),
        dropped={
            name: totals.with_rarity(totals.by_length(values), values) for name, values in measures.dropped.items()
        },
        failed={kind: totals.with_rarity(totals.by_count(values), values) for kind, values in measures.failed.items()},
    )


def finding_lines(found: Findings) -> list[str]:
    """The findings for people: value, and its 90 % interval."""
    rows = [
        ("video", found.video_h, "h"),
        ("CPU time", found.core_h, f"core-hours, {_number(found.start_core_h)} of them to start"),
        ("wall time", found.wall_h, f"h on {found.cores} busy cores"),
        ("shards", found.shards_gb, "GB"),
        ("staging", found.staging_gb, "GB at its largest"),
        ("clips", found.clips, ""),
        ("clips' length", found.clips_h, "h"),
    ]
    if found.cost:
        rows.append(("cost", found.cost, f"at {found.price:g} a core-hour"))
    lost = [(f"dropped: {name}", estimate, "") for name, estimate in found.dropped.items()]
    lost += [(f"failed: {kind}", estimate, "") for kind, estimate in found.failed.items()]
    drawn = f"{found.num_drawn} of {found.num_sources} sources, {found.drawn_video_s:.0f} s of video, were built"
    loss = ["what is lost, on the way from sources to clips:", "", *_table(lost)] if lost else ["nothing was lost"]
    return [f"{drawn}; estimates for all, with 90 % intervals:", "", *_table(rows), "", *loss]


def finding_record(found: Findings) -> dict[str, Any]:
    """The findings for machines."""
    return dataclasses.asdict(found) | {"cost": found.cost and dataclasses.asdict(found.cost)}


def _table(rows: list[tuple[str, Estimate, str]]) -> list[str]:
    width = max((len(name) for name, _, _ in rows), default=0)
    return [
        f"  {name:<{width}}  {_number(one.value):>8}  ({_number(one.low)} to {_number(one.high)}) {unit}".rstrip()
        for name, one, unit in rows
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
