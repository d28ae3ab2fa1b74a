"""People across sources, from recordings to the tables: a build, and another recording of one of them added later."""

import json

from audit.verify import verify_dataset
from schemas.stored.tables import stored_table
from tests.end_to_end.conftest import IN_PROCESS, run
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared

pytestmark = [needs_shared, needs_models]
SHE, HE, SHE_AGAIN = "dev/grid_other/pwij3p.mpg", "dev/grid_other/lbax4n.mpg", "dev/grid_other/id2_vcd_swwp2s.mpg"


def people_of(output):
    """Name of the file -> person and split of its clip."""
    rows = stored_table(str(output), "clips").to_pylist()
    return {row["source_uri"]: (row["person_id"], row["split"], row["split_unit"]) for row in rows}


def test_a_person_keeps_id_and_split_when_another_recording_is_added(tmp_path):
    output = tmp_path / "out"
    assert run(output, shared(SHE), shared(HE)) == 0
    before = people_of(output)
    assert before["pwij3p.mpg"][0] != before["lbax4n.mpg"][0]
    assert run(output, shared(SHE_AGAIN), flags=(*IN_PROCESS, "--append")) == 0
    after = people_of(output)
    assert after["id2_vcd_swwp2s.mpg"] == before["pwij3p.mpg"] and before.items() <= after.items()
    assert verify_dataset(str(output)) == []
    assert json.loads((output / "run.json").read_text())["alike_people"] == []
    assert "2 people by their faces" in (output / "dataset_card.md").read_text()


def test_without_people_the_split_follows_the_sources_and_the_card_says_so(tmp_path):
    output = tmp_path / "out"
    assert run(output, shared(SHE), shared(HE), flags=(*IN_PROCESS, "--people", "none")) == 0
    found = people_of(output)
    assert {person for person, _, _ in found.values()} == {""}
    assert all(unit.startswith("source:") for _, _, unit in found.values())
    assert verify_dataset(str(output)) == []
    assert "people were not looked for (`--people none`)" in (output / "dataset_card.md").read_text()
