"""The beginning of the graph: the sources behind the listed names, without those that the dataset holds already."""

import apache_beam as beam

from pipeline.plan import BuildPlan
from transforms.beam_support.results import StageResults
from transforms.names.stage import ReadNames
from transforms.recorded.stage import LeaveOutKnown, NameApart, NewSources, ReadRecordedNames
from transforms.sources.stage import HashSource, HashSourceOutputs


def find_sources(
    pipeline: beam.Pipeline, plan: BuildPlan, hashes: StageResults
) -> tuple[HashSourceOutputs | NewSources, beam.PCollection[int]]:
    """The sources to process, and how many inputs the dataset holds already."""
    names = pipeline | "ReadNames" >> ReadNames(plan.staging, plan.num_inputs, plan.store)
    hash_source = HashSource(hashes, plan.staging, plan.fail_fast, plan.store, plan.recipe.rights, plan.takedowns)
    if not plan.recorded:
        return names | "HashSource" >> hash_source, pipeline | "NoneKnown" >> beam.Create([0])
    number = plan.generation.number
    recorded = pipeline | "Recorded" >> ReadRecordedNames(
        plan.output, plan.recorded, plan.generation.redone, plan.store
    )
    apart = {"listed": names, "recorded": recorded} | "NameApart" >> NameApart(number)
    hashed = apart | "HashSource" >> hash_source
    new = {**hashed._asdict(), "recorded": recorded} | "LeaveOutKnown" >> LeaveOutKnown(number)
    return new, new.known
