"""The plan of a build, checked before any work: the one record that the graph is built from."""

from dataclasses import dataclass

from pipeline.beam_options import is_local_run
from pipeline.config import Recipe
from schemas.records import VideoSource
from transforms.beam_support.stores import StoreOptions
from transforms.beam_support.takedown_parts import TakedownParts
from transforms.manifests.generation import Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """One run of the graph, with checked values."""

    sources: tuple[VideoSource, ...]  # as listed, sorted by uri; () once they are written to staging
    num_inputs: int  # listed names
    splits: dict[str, str]  # of speakers and groups: given, or on record in the dataset that they are added to
    recorded: tuple[str, ...]  # parts of the sources table of that dataset; (): there is none
    output: str  # folder or URL, without a trailing slash
    staging: str  # OUTPUT/.staging/run: what only this run needs
    work: str  # folder or URL of results between stages, see transforms.beam_support.results
    keeps_tubes: bool  # also when the clips are cut
    keeps_work: bool  # results in OUTPUT/.staging/work are there after the run
    recipe: Recipe
    fail_fast: bool  # a bug stops the run at once
    max_bugs: int  # more bugs than this fail the run
    max_failed_share: float  # 0..1; a larger share of failed sources, windows or seconds fails the run
    generation: Generation  # that this run makes
    run: dict[str, object]  # record of the run as it is before it, see pipeline.run_record
    owner: str = ""  # token of the mark in the output that says who builds there, see pipeline.owner
    honored: tuple[str, ...] = ()  # uris of parts of takedown lists of other datasets, see pipeline.takedown.honor
    own_takedowns: tuple[str, ...] = ()  # uris of the parts of the list that the dataset has
    store: StoreOptions  # by which every process of the run reaches stores
    beam_options: list[str]  # flags for apache_beam's PipelineOptions
    metrics_file: str = ""  # "": none is written

    @property
    def is_local(self) -> bool:
        """Whether the run ends with its launcher, which reads marks and a log in staging to the end."""
        return is_local_run(self.beam_options)

    @property
    def takedowns(self) -> TakedownParts:
        """The lists of what this run refuses."""
        return TakedownParts(uris=(*self.own_takedowns, *self.honored), store=self.store)
