"""What a run is going to do, settled before any work: the one record that the graph is built from."""

from dataclasses import dataclass

from pipeline.config import Recipe
from schemas.records import VideoSource


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """One run of the dataset graph. Everything in it was checked."""

    sources: tuple[VideoSource, ...]  # as listed, sorted by uri
    num_inputs: int  # names listed
    output: str  # folder or URL, without a trailing slash
    staging: str  # OUTPUT/.staging/RUN; the same recipe and inputs give the same RUN
    recipe: Recipe
    fail_fast: bool  # a bug stops the run at once
    max_bugs: int  # more bugs than this fail the run
    max_failed_share: float  # of sources, 0..1; more failed ones than this fail the run
    run: dict[str, object]  # what run.json says of the run before it begins, see pipeline.run_record
    beam_options: list[str]  # flags for apache_beam's PipelineOptions
