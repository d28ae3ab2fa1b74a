"""The graph before anything runs."""

import pickle
from collections import Counter

import apache_beam as beam
import pytest

from pipeline.graph import build_graph
from pipeline.options import parse_plan
from tests.pipeline.made_models import needs_models

STAGES = (
    "ReadNames",
    "HashSource",
    "PrepareVideos",
    "SplitWindows",
    "TrackFaces",
    "FindSpeakers",
    "CutClips",
    "FindCopies",
    "FindPeople",
    "WriteShards",
    "SourceRows",
    "WriteManifests",
    "CommitDataset",
    "Finish",
)
pytestmark = needs_models


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "in.mp4").write_text("any")
    return parse_plan(["--input", str(tmp_path / "in.mp4"), "--output", str(tmp_path / "out")], "talkshard build")


def labels_of(plan):
    pipeline, labels = beam.Pipeline(), []

    class Collect(beam.pipeline.PipelineVisitor):
        """Takes every step's full name."""

        def enter_composite_transform(self, node):
            labels.append(node.full_label)

        def visit_transform(self, node):
            labels.append(node.full_label)

    build_graph(pipeline, plan)
    pipeline.visit(Collect())
    return labels


def test_every_stage_is_in_the_graph_once(plan):
    found = Counter(label for label in labels_of(plan) if "/" not in label)
    assert {stage: found[stage] for stage in STAGES} == dict.fromkeys(STAGES, 1)


def test_building_the_graph_writes_nothing(plan, tmp_path):
    labels_of(plan)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_steps_keep_their_names_from_build_to_build(plan):
    assert labels_of(plan) == labels_of(plan)


def test_what_travels_to_workers_can_be_pickled(plan):
    assert pickle.loads(pickle.dumps((plan.sources, plan.recipe))) == (plan.sources, plan.recipe)
