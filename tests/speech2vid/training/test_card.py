import json
import math
from collections import Counter

from speech2vid.training.card import TrainingData, data_section, making_section, table, write_card
from speech2vid.training.record import command_line, write_record

DATA = TrainingData(
    frames=Counter(bob=750, ann=2250), licences=Counter({"CC BY 4.0": 3, "MIT": 1}), dataset_sha256="ab"
)


def test_the_card_has_the_network_its_data_and_the_command(tmp_path):
    sections = (data_section(DATA), making_section("talkshard train", "4 steps."))
    write_card(tmp_path, "network.onnx", "cd", "About it.", sections)
    card = (tmp_path / "card.md").read_text()
    assert card.startswith("# network.onnx\n\nAbout it.\n\nsha256 cd\n\n## Data\n\n4 clips, 2.0 minutes, 2 people, ")
    assert "of whom one has 75%. The weights" in card
    assert card.endswith("## How it was made\n\n    talkshard train\n\n4 steps.\n")


def test_the_largest_speaker_is_named_and_skipped_clips_are_counted_where_asked():
    data = TrainingData(
        frames=DATA.frames, licences=DATA.licences, dataset_sha256="ab", num_skipped=2, names_largest=True
    )
    section = data_section(data)
    assert "of whom ann has 75%" in section and "were skipped 2 times" in section


def test_cells_of_a_table_are_one_line_each():
    assert table(("a", "b"), [("x|y", "two\nlines")]) == "| a | b |\n| --- | --- |\n| x\\|y | two lines |"


def test_numbers_that_json_lacks_are_null_in_the_record(tmp_path):
    write_record(tmp_path, {"auc": math.nan, "scores": [{3: math.inf}], "loss": 0.5})
    assert json.loads((tmp_path / "training.json").read_text()) == {"auc": None, "scores": [{"3": None}], "loss": 0.5}


def test_the_command_is_quoted_and_leaves_out_what_was_not_given():
    options = {"dataset": "OUT", "where": "speaker\n= 'ann'", "lags": None, "seed": 0}
    assert command_line("train", options) == (
        """talkshard train --dataset OUT --where 'speaker = '"'"'ann'"'"'' --seed 0"""
    )
