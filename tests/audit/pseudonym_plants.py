"""Names in a dataset whose run.json says that it holds only pseudonyms."""

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import ANN
from tests.audit.planting import FIRST, Plants
from transforms.sources.pseudonyms import Pseudonyms

PLANTS = Plants()
plant = PLANTS.plant
_KEY = Pseudonyms(key=b"0" * 32)


def pseudonymise(copy: DatasetCopy) -> None:
    """Give all sources and clips pseudonyms, as a build with a key does."""

    def names(row: dict[str, str]) -> dict[str, str]:
        speaker, group = _KEY.speaker(row["speaker"]), _KEY.group(row["group"])
        unit = f"speaker:{speaker}" if speaker else f"group:{group}" if group else row["split_unit"]
        return {"speaker": speaker, "group": group, "split_unit": unit}

    def name(uri: str) -> str:
        return _KEY._pseudonym("n", uri)

    for row in copy.table("clips").to_pylist():
        copy.change_clip(row["key"], **names(row), source_uri=name(row["source_uri"]))
    copy.change_rows("sources", lambda rows: [row.update(names(row), uris=[*map(name, row["uris"])]) for row in rows])
    copy.change_rows("failures", lambda rows: [row.update(source_uri=name(row["source_uri"])) for row in rows])
    copy.change_json("run.json", lambda run: run.update(pseudonyms=_KEY.key_check, root="", command_line=["--sources"]))


@plant(f"sources of {ANN}: its speaker is no pseudonym")
def speaker_as_given(copy: DatasetCopy) -> None:
    pseudonymise(copy)
    copy.change_row("sources", lambda row: row["source_id"] == ANN, speaker="ann")


@plant(f"clips of {FIRST}: its speaker is no pseudonym")
def speaker_of_a_clip_as_given(copy: DatasetCopy) -> None:
    pseudonymise(copy)
    copy.change_clip(FIRST, speaker="ann")


@plant(f"clips of {FIRST}: its group is no pseudonym")
def group_of_a_clip_as_given(copy: DatasetCopy) -> None:
    pseudonymise(copy)
    copy.change_clip(FIRST, group="Ann and friends")


@plant(f"sources of {ANN}: its uris are no pseudonyms")
def name_of_a_file_as_given(copy: DatasetCopy) -> None:
    pseudonymise(copy)
    copy.change_row("sources", lambda row: row["source_id"] == ANN, uris=["/in/ann.mp4"])


@plant("run.json: pseudonyms is 'yes', no check of a key")
def check_that_is_none(copy: DatasetCopy) -> None:
    pseudonymise(copy)
    copy.change_json("run.json", lambda run: run.update(pseudonyms="yes"))


@plant("run.json: it names the root '/in/ann', but holds pseudonyms")
def root_as_given(copy: DatasetCopy) -> None:
    pseudonymise(copy)
    copy.change_json("run.json", lambda run: run.update(root="/in/ann"))


@plant("run.json: its command line names 'ann.csv', but holds pseudonyms")
def command_line_as_given(copy: DatasetCopy) -> None:
    pseudonymise(copy)
    copy.change_json("run.json", lambda run: run.update(command_line=["--sources", "ann.csv"]))
