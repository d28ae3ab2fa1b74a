"""One build from command line to exit code: parse, build the graph, run it, wait for its end, print the results."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import StandardOptions
from apache_beam.runners.runner import PipelineResult, PipelineState

from pipeline.beam_options import worker_options
from pipeline.failures import as_talkshard_error
from pipeline.finish import WHOLE_EXIT_CODES, has_pages
from pipeline.funnel import print_funnel, print_places
from pipeline.job_options import job_options
from pipeline.logs import errors_into, tell
from pipeline.lost_workers import ending_with_a_worker
from pipeline.metrics import MetricsFile, metrics_of
from pipeline.options import parse_plan
from pipeline.output import open_output, read_run, remove_staging, show_run, write_run
from pipeline.owner import leave_to_job, owning
from pipeline.plan import BuildPlan
from pipeline.plural import number_of
from pipeline.progress import ProgressDisplay
from schemas.errors import IntegrityError, LostWorker, NothingToDo, TalkshardError
from schemas.generations import run_record_name
from schemas.stored.manifests import stored_manifests
from transforms.beam_support import storage
from transforms.beam_support.worker_tallies import forget_tally
from transforms.names.stage import forget_names, write_names
from transforms.sources.split import with_unit_splits

WORKER_LOG = "talkshard-workers.log"


def build(
    argv: list[str],
    program: str,
    build_graph: Callable[[beam.Pipeline, BuildPlan], object],
    parse: Callable[[list[str], str], BuildPlan] = parse_plan,
) -> int:
    """Run the graph that `build_graph` makes of the plan that `parse` makes of the arguments; returns the exit code.

    Prints one line about what stopped it; a bug raises.
    """
    try:
        return run_plan(parse(argv, program), build_graph)
    except NothingToDo as done:
        print(f"talkshard: {done}")
        return done.exit_code
    except TalkshardError as error:
        return _print_error(error)


def run_plan(plan: BuildPlan, build_graph: Callable[[beam.Pipeline, BuildPlan], object]) -> int:
    """Run the graph of a plan to its end; returns the exit code. TalkshardError: what stopped it."""
    with owning(plan.output, ends_with_launcher=plan.is_local) as owner, metrics_of(plan) as metrics:
        with _forgetting_names(plan):
            plan = begin(replace(plan, owner=owner.token))
            result = _submit(plan, build_graph, metrics)
            if result is not None:
                return conclude(plan, result, metrics)
        leave_to_job(plan.output, owner)
        print(f"submitted: the result of the run will be in {_run_record(plan)}")
        return 0


@contextmanager
def _forgetting_names(plan: BuildPlan) -> Iterator[None]:
    """Delete the listing of the inputs where the body ends the run, for no step of the graph does it then.

    An interrupted launcher leaves it to a job that goes on.
    """
    try:
        yield
    except BaseException as error:
        if plan.is_local or isinstance(error, Exception):
            with suppress(TalkshardError):  # the error of the run goes first
                forget_names(plan.staging)
        raise


def begin(plan: BuildPlan) -> BuildPlan:
    """Open the output, and write the names of the inputs where the graph reads them; the plan without them."""
    open_output(plan.output, plan.run, plan.generation.number, plan.generation.parent_sha256)
    forget_tally()
    write_names(plan.staging, (with_unit_splits(one, plan.splits) if plan.splits else one for one in plan.sources))
    return replace(plan, sources=(), splits={})


def _submit(
    plan: BuildPlan, build_graph: Callable[[beam.Pipeline, BuildPlan], object], metrics: MetricsFile
) -> PipelineResult | None:
    """Run the graph and wait for its end; None where the options say not to wait."""
    options = job_options(plan.beam_options, plan.recipe.limits.memory_mb)
    pipeline = beam.Pipeline(options=options)
    build_graph(pipeline, plan)
    waits = plan.is_local or not options.view_as(StandardOptions).no_wait_until_finish
    with ExitStack() as stack:
        stack.enter_context(_explained(plan))
        stderr = sys.stderr
        if plan.is_local:
            stack.enter_context(worker_options(plan.beam_options))
            stderr = stack.enter_context(errors_into(_worker_log(plan)))
        if waits:
            stack.enter_context(ending_with_a_worker())
            stack.enter_context(ProgressDisplay(plan.staging, plan.num_inputs, stderr, metrics.update))
        result = pipeline.run()
        if not waits:
            return None
        state = result.wait_until_finish()
    if state not in (None, PipelineState.DONE):
        raise LostWorker(f"the engine ended the job in state {state}")
    return result


@contextmanager
def _explained(plan: BuildPlan) -> Iterator[None]:
    """Raise what a runner raises as one of this project's errors, where a worker raised one."""
    try:
        yield
    except Exception as error:
        known = as_talkshard_error(error)
        if known is None:
            if plan.is_local:
                error.add_note(f"log of this run's workers: {_worker_log(plan)}")
            raise
        if isinstance(known, LostWorker):
            known = LostWorker(f"{known} (log: {_worker_log(plan) if plan.is_local else 'that of the engine'})")
        raise known from error


def conclude(plan: BuildPlan, result: PipelineResult, metrics: MetricsFile) -> int:
    """Add the runner's counters to the run's record and print what the graph has written; returns the exit code."""
    generation = plan.generation.number
    run = read_run(plan.output, generation)
    if "finished" not in run:
        raise IntegrityError(f"the run ended without a verdict in {_run_record(plan)}: no dataset was made")
    run = run | {"counters": _counters(result)}
    write_run(plan.output, run, generation)
    if has_pages(run, generation):
        show_run(plan.output, run, generation)
        with stored_manifests(plan.output) as manifests:
            print_funnel(manifests)
            print_places(plan.output, run, manifests)
    verdict = run["verdict"]
    metrics.end(verdict["exit_code"], run)
    if verdict["exit_code"] in WHOLE_EXIT_CODES:
        if plan.is_local:  # its log and marks lie there up to here; the end of a job has removed them already
            remove_staging(plan.output, plan.keeps_work)
        _worker_log(plan).unlink(missing_ok=True)
    elif plan.is_local:
        tell(f"talkshard: log of this run's workers: {_worker_log(plan)}", level="INFO")
    if run["known_inputs"]:
        known = run["known_inputs"]
        print(f"{number_of(known, 'input')} left out: the dataset holds the same content already")
    for problem in verdict["problems"]:
        tell(f"talkshard: {problem}")
    return verdict["exit_code"]


def _run_record(plan: BuildPlan) -> str:
    return f"{plan.output}/{run_record_name(plan.generation.number)}"


def _worker_log(plan: BuildPlan) -> Path:
    """Path of the log: beside the staged files, or in the temporary folder where these are not on this machine."""
    if storage.is_local(plan.staging):
        return Path(plan.staging, WORKER_LOG)
    return Path(tempfile.gettempdir(), f"{plan.owner}-{WORKER_LOG}")


def _counters(result: PipelineResult) -> dict[str, int]:
    """The runner's counters: STAGE/COUNTER -> value. They count a retried element twice; the manifests do not."""
    found = result.metrics().query()["counters"]
    return {f"{metric.key.metric.namespace}/{metric.key.metric.name}": metric.result for metric in found}


def _print_error(error: TalkshardError) -> int:
    tell(f"talkshard: {' '.join(str(error).split())}", exit_code=error.exit_code)
    return error.exit_code
