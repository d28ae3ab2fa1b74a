"""Faults in the pages beside a dataset, in what lies beside them, and in the licences of models."""

from collections.abc import Callable

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.planting import Plants

PLANTS = Plants()
CARD, PAGE, CROISSANT = "dataset_card.md", "report.html", "croissant.json"


def _replace(name: str, page: str, old: str, new: str, expected: str) -> None:
    def put(copy: DatasetCopy) -> None:
        text = (copy.folder / page).read_text()
        assert old in text
        (copy.folder / page).write_text(text.replace(old, new, 1))

    PLANTS.add(name, put, expected)


def _change_croissant(name: str, change: Callable[[dict], object], expected: str) -> None:
    PLANTS.add(name, lambda copy: copy.change_json(CROISSANT, change), expected)


def _change_model(name: str, model: str, expected: str, **facts: object) -> None:
    PLANTS.add(
        name, lambda copy: copy.change_json("run.json", lambda run: run["models"][model].update(facts)), expected
    )


for page in (CARD, PAGE, CROISSANT):
    PLANTS.add(
        f"{page}_missing", lambda copy, page=page: (copy.folder / page).unlink(), f"{page} is missing.*talkshard report"
    )
    PLANTS.add(
        f"{page}_no_text",
        lambda copy, page=page: (copy.folder / page).write_bytes(b"\xff\xfe\x00"),
        f"{page} is missing or no text",
    )

_replace("card_counts_other_clips", CARD, "4 clips,", "5 clips,", "dataset_card.md lacks the line '4 clips")
_replace("card_of_other_sources", CARD, "from 3 of 5", "from 3 of 3", "dataset_card.md lacks the line '4 clips")
_replace("card_with_another_split", CARD, "| train | 3 |", "| train | 2 |", "dataset_card.md lacks.*train . 3")
_replace(
    "card_with_a_split_more", CARD, "| val |", "| test | 1 | 1.0 s | 1 | 0 |\n| val |", "dataset_card.md has.*test"
)
_replace(
    "card_without_a_licence", CARD, "| CC BY 4.0 | signed |", "| CC0 | signed |", "dataset_card.md lacks.*CC BY 4.0"
)
_replace(
    "card_without_consent", CARD, "| CC BY 4.0 | signed |", "| CC BY 4.0 | none |", "dataset_card.md lacks.*signed"
)
_replace("card_without_a_model", CARD, "| face_mesh |", "| mesh |", "dataset_card.md lacks.*face_mesh")
_replace(
    "card_that_promises_more",
    CARD,
    ", as far as the recognition network knows",
    ", and",
    "dataset_card.md lacks.*as far as",
)
_replace(
    "report_of_another_dataset", PAGE, 'sha256" content="', 'sha256" content="0', "report.html is not of this gener"
)
PLANTS.add(
    "dataset_of_a_later_time",
    lambda copy: copy.change_json("dataset.json", lambda record: record.update(made="2026")),
    "report.html is not of this generation",
)

_change_croissant("croissant_is_a_list", lambda found: [found], "croissant.json holds list")
PLANTS.add("croissant_not_json", lambda copy: (copy.folder / CROISSANT).write_text("{"), "croissant.json is not JSON")
_change_croissant("croissant_of_other_licence", lambda found: found.update(license=["CC0"]), "croissant.*license")
_change_croissant(
    "croissant_with_another_hash",
    lambda found: found["distribution"][-1].update(sha256="0" * 64),
    "croissant.*distribution",
)
_change_croissant(
    "croissant_lacks_a_shard", lambda found: found["distribution"].pop() and None, "croissant.*distribution"
)
_change_croissant("croissant_of_another_version", lambda found: found.update(version="2.0.0"), "croissant.*version")
_change_croissant(
    "croissant_lacks_a_column", lambda found: found["recordSet"][0]["field"].pop() and None, "croissant.*recordSet"
)
_change_croissant("croissant_with_a_creator", lambda found: found.update(creator="me"), "croissant.*creator")

_change_model("mesh_of_another_licence", "face_mesh", "face_mesh.*'MIT', not 'Apache-2.0'", licence="MIT")
_change_model("detector_of_another_licence", "centerface", "centerface.*CC0", licence="CC0")
_change_model("bundled_network_of_another_licence", "sync network lip_sync.onnx", "lip_sync.*MIT", licence="MIT")
_change_model("model_without_a_licence", "face_mesh", "face_mesh.*no sha256 and licence", licence=None)


def _stray(name: str, path: str, expected: str) -> None:
    def put(copy: DatasetCopy) -> None:
        (copy.folder / path).parent.mkdir(exist_ok=True)
        (copy.folder / path).write_text("x")

    PLANTS.add(name, put, expected)


_stray("file_beside_the_dataset", "faces.zip", "faces.zip is there")
_stray("folder_beside_the_dataset", "originals/a.mp4", "originals is there")
_stray("hidden_file", ".cache", ".cache is there")
_stray("page_of_another_program", "README.md", "README.md is there")
_stray("copy_of_the_record", "dataset.json.bak", "dataset.json.bak is there")
_stray("run_record_of_another_form", "run.old.json", "run.old.json is there")
_stray("shard_beside_the_dataset", "train-000000.tar", "train-000000.tar is there")
