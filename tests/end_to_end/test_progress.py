"""The progress line of a run says at its end what the funnel and the failures table say."""

import shutil

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from audit.funnel import funnel
from pipeline.graph import build_graph
from pipeline.launch import begin
from pipeline.options import parse_plan
from pipeline.progress import read_progress
from schemas.stored.manifests import stored_manifests
from schemas.stored.tables import stored_table
from tests.end_to_end.conftest import IN_PROCESS
from tests.made_media import make_plain_video
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared

pytestmark = [needs_shared, needs_models]


@pytest.fixture
def plan(tmp_path):
    """A good source, and sources with conflicting names, no content, no audio, no media, two people, a large lag."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(shared("hard/known_speaker/two_left_speaks.mp4"), folder / "two people.mp4")
    shutil.copy(shared("dev/grid_other/pwij3p.mpg"), folder / "good.mpg")
    shutil.copy(shared("hard/known_offset/lbax4n_sound_late_12f.mkv"), folder / "late.mkv")
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / "one name.mpg")
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / "another name.mpg")
    make_plain_video(folder / "no audio.mp4")
    (folder / "text.mp4").write_text("this is no video\n" * 50)
    (folder / "vanished.mp4").write_text("any")
    speakers = {"one name.mpg": "ann", "another name.mpg": "ben"}
    rows = [f"{path},{speakers.get(path.name, '')}" for path in sorted(folder.iterdir())]
    (tmp_path / "table.csv").write_text("\n".join(["uri,speaker", *rows]) + "\n")
    argv = ["--sources", str(tmp_path / "table.csv"), "--output", str(tmp_path / "out"), *IN_PROCESS]
    plan = parse_plan([*argv, "--set", "speakers.max_abs_lag_frames=6"], "talkshard build")
    (folder / "vanished.mp4").unlink()
    return plan


def test_the_last_progress_line_agrees_with_the_funnel_and_the_failures(plan):
    plan = begin(plan)
    pipeline = beam.Pipeline(options=PipelineOptions(plan.beam_options))
    build_graph(pipeline, plan)
    pipeline.run().wait_until_finish()
    progress = read_progress(plan.staging, plan.num_inputs)
    with stored_manifests(plan.output) as manifests:
        steps = funnel(manifests)
    assert {step.subject_kind for step in steps if step.dropped} >= {"source", "track", "turn"}
    assert progress.dropped == sum(step.dropped for step in steps)
    assert progress.failed == len(stored_table(plan.output, "failures")) == 2
    assert progress.clips == len(stored_table(plan.output, "clips")) > 0
    assert progress.tracks == len(stored_table(plan.output, "tracks"))
    assert progress.sources == progress.num_inputs == len(stored_table(plan.output, "sources"))
    assert progress.windows == progress.num_windows
