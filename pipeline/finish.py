"""Finish: the end of a run inside the graph, so that no launcher need be there for it."""

from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.output import RUN_STAGING, read_run, remove_staging, show_run, write_run
from pipeline.owner import end_job, is_of_another, owning
from pipeline.pages import write_pages
from pipeline.run_record import finished
from pipeline.takedown.removal import remove_taken
from schemas.stored.manifests import only_row, stored_manifests
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.beam_support.worker_tallies import read_tally, tally_record
from transforms.manifests.verdict import Verdict
from transforms.names.stage import forget_names

WHOLE_EXIT_CODES = (0, 3)  # every window was accounted for: staging is not needed any more


@dataclass
class Finish(beam.PTransform):
    """Complete the run's record, write the pages, remove what is not needed any more. May run twice."""

    output: str
    owner: str = ""  # token of the mark that is taken away, see pipeline.owner; "": none
    removes_staging: bool = False  # of a whole run
    keeps_work: bool = False  # but for the results in it
    store: StoreOptions = DEFAULT_STORE
    generation: int = 1

    def expand(self, verdicts: beam.PCollection[Verdict]) -> beam.PCollection[Verdict]:
        """Build the stage."""
        return verdicts | beam.Map(self._finish).with_output_types(Verdict)

    def _finish(self, verdict: Verdict) -> Verdict:
        self.store.use()
        if self.owner and is_of_another(self.output, self.owner):
            return verdict  # a second try of this step, whose run has ended
        finish_run(self.output, self.generation)
        forget_names(f"{self.output}/{RUN_STAGING}")
        if self.removes_staging and verdict.exit_code in WHOLE_EXIT_CODES:
            remove_staging(self.output, self.keeps_work)
        if self.owner:
            end_job(self.output, self.owner)
        return verdict


def finish_run(output: str, generation: int) -> None:
    """Write the pages, remove what this generation took down, and complete the record of its run. May run twice.

    The record is written last: while it is not finished, the next command on this dataset does all of it again.
    """
    took = tally_record(read_tally(f"{output}/{RUN_STAGING}"))
    run = took | finished(read_run(output, generation))  # where it runs again, staging may be gone
    if has_pages(run, generation):
        with stored_manifests(output) as manifests:
            write_pages(output, run, manifests)
            (last_takedown,) = only_row(manifests, "SELECT max(generation) FROM takedowns")
        show_run(output, run, generation)
        if last_takedown == generation:
            remove_taken(output)
    write_run(output, run, generation)


def complete_killed_run(output: str, run: dict[str, Any], generation: int, keeps_work: bool) -> None:
    """Do what is left where a run was killed after it had written dataset.json. UsageError: it is still at work."""
    if "finished" not in run:
        with owning(output):
            if "finished" not in read_run(output, generation):  # another command may have completed it meanwhile
                finish_run(output, generation)
                remove_staging(output, keeps_work)


def has_pages(run: dict[str, Any], generation: int) -> bool:
    """Whether a finished run gets pages: its tables could be read, and it leaves none of a generation before it."""
    return "num_clips" in run["verdict"] and (run["verdict"]["ok"] or generation == 1)
