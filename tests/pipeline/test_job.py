"""The job of a build for Dataflow, as it would be sent, made offline: what is in it, and what is not."""

import base64
import bz2
import os
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import fsspec
import pytest
from apache_beam import coders
from apache_beam.options.pipeline_options import (
    DebugOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.portability import common_urns
from apache_beam.transforms.environments import DockerEnvironment, python_sdk_dependencies

from pipeline.graph import build_graph
from pipeline.job_options import job_options
from pipeline.options import parse_plan
from tests.pipeline.made_models import needs_models
from transforms.beam_support.coders import AnyRecordCoder, RecordCoder
from transforms.manifests.generation import Generation

ROOT = Path(__file__).resolve().parents[2]
DATAFLOW = ["--runner=DataflowRunner", "--project=p", "--region=r", "--sdk_container_image=IMAGE"]
RECORDS = (RecordCoder, AnyRecordCoder)
ANYTHING = (coders.FastPrimitivesCoder, coders.PickleCoder, coders.DillCoder)
PLACES = {str(ROOT), os.getcwd(), sys.prefix, tempfile.gettempdir(), os.path.expanduser("~")} - {"/"}
pytestmark = needs_models


class Job:
    """A build of a made store by Dataflow: options, proto, and its coders."""

    def __init__(self, *flags, **changes):
        fsspec.filesystem("memory").pipe("/bucket/in/a.mp4", b"any")
        given = ["--input", "memory://bucket/in", "--output", "memory://bucket/out", *DATAFLOW, *flags]
        plan = replace(parse_plan(given, "talkshard build"), **changes)
        self.options = job_options(plan.beam_options, plan.recipe.limits.memory_mb)
        image = self.options.view_as(WorkerOptions).sdk_container_image
        # as DataflowRunner does before it makes the proto
        setup = self.options.view_as(SetupOptions)
        setup.save_main_session = True if setup.save_main_session is None else setup.save_main_session
        environment = DockerEnvironment.from_container_image(image, artifacts=python_sdk_dependencies(self.options))
        hints = self.options.view_as(StandardOptions).resource_hints
        pipeline = beam.Pipeline(options=PipelineOptions([f"--resource_hint={hint}" for hint in hints]))
        build_graph(pipeline, plan)
        self.proto, context = pipeline.to_runner_api(return_context=True, default_environment=environment)
        self.coders = context.coders

    @property
    def environment(self):
        """The one that the steps have; another is there without hints, of no step."""
        used = {one.environment_id for one in self.proto.components.transforms.values() if one.environment_id}
        (name,) = used
        return self.proto.components.environments[name]


@pytest.fixture(scope="module")
def job():
    return Job()


def unpacked(data):
    """Bytes, and the bytes of every pickle in them."""
    yield data
    for found in re.finditer(rb"QlpoO[A-Za-z0-9+/=]+", data):  # bzip2 in base 64, as Beam packs pickles
        yield bz2.decompress(base64.b64decode(found.group()))


def named_places(proto):
    """Files and folders of this machine that a job names, without those of Beam's own code."""
    pattern = rb"(?:" + b"|".join(re.escape(place.encode()) for place in sorted(PLACES)) + rb")/[^\x00-\x1f\x7f-\xff]*"
    texts = list(unpacked(proto.SerializeToString()))
    assert len(texts) > 50  # pickles were found
    found = {match.group().decode() for text in texts for match in re.finditer(pattern, text)}
    return {name for name in found if "/site-packages/apache_beam/" not in name}


def test_workers_get_the_image_and_nothing_else(job):
    environment = job.environment
    image = common_urns.environments.DOCKER
    assert environment.urn == image.urn and b"IMAGE" in environment.payload
    assert list(environment.dependencies) == []


def test_the_main_session_is_sent_where_it_is_asked_for():
    environment = Job("--save_main_session").environment
    assert ["pickled_main_session" in str(one) for one in environment.dependencies] == [True]


def test_the_job_names_no_place_of_the_launcher(job):
    assert named_places(job.proto) == set()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), b"8000000000"),
        (("--set", "limits.memory_mb=1000"), b"3000000000"),
        (("--resource_hint=min_ram=4GB",), b"4000000000"),
    ],
)
def test_workers_are_to_have_the_memory_that_a_child_may_use_and_their_own(flags, expected):
    environment = Job(*flags).environment
    assert environment.resource_hints == {"beam:resources:min_ram_bytes:v1": expected}


def test_a_worker_process_has_one_thread(job):
    assert job.options.view_as(DebugOptions).number_of_worker_harness_threads == 1
    assert job.options.view_as(SetupOptions).save_main_session is False


def parts_of(coder):
    """A coder and those that it is made of."""
    yield coder
    for part in coder._get_component_coders() or ():
        yield from parts_of(part)


RECORDED = {
    "recorded": ("manifests/sources/part-00000.parquet",),
    "generation": Generation(
        number=2, redone=frozenset({"a"}), rewritten=("manifests/clips/part-00000.parquet",), last_rewrite=2
    ),
}


@pytest.mark.parametrize("changes", [{}, RECORDED], ids=["first", "retry"])
def test_no_record_is_pickled(changes):
    job = Job(**changes)

    def is_plain(name):  # dictionaries of names and numbers
        steps = ("ToDict", "DoOnce", "Reshuffle", "Combine")
        return any(step in name for step in steps) or name.endswith(("/Parts", "/Assign"))

    found = {one.unique_name: job.coders.get_by_id(one.coder_id) for one in job.proto.components.pcollections.values()}
    records = {name for name, coder in found.items() if any(isinstance(part, RECORDS) for part in parts_of(coder))}
    others = {name for name, coder in found.items() if any(isinstance(part, ANYTHING) for part in parts_of(coder))}
    plain = {name for name in others if is_plain(name.rpartition(".")[0].lstrip("0123456789"))}
    assert len(records) > 60 and others - plain == set()


def test_what_is_grouped_has_keys_of_one_encoding(job):
    parts = job.proto.components
    names = {transform.unique_name for transform in parts.transforms.values()}
    groups = [one for one in parts.transforms.values() if one.spec.urn == common_urns.primitives.GROUP_BY_KEY.urn]
    for group in groups:
        (grouped,) = group.inputs.values()
        key = job.coders.get_by_id(parts.pcollections[grouped].coder_id).key_coder()
        combined_without_key = group.unique_name.replace("CombinePerKey/GroupByKey", "KeyWithVoid")
        assert key.is_deterministic() or combined_without_key in names, group.unique_name
    assert len(groups) > 8
