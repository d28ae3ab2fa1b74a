"""Faults in transcripts: in the rows, in the parts, and in what the recipe says of them."""

import json

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.planting import BENS, FIRST, OTHER, Plants

PLANTS = Plants()
plant = PLANTS.plant


@plant(f"clip {FIRST}.*txt holds 'Lay red.*', but its row 'Lay blue")
def text_of_another_clip(copy: DatasetCopy) -> None:
    copy.change_part(FIRST, "txt", lambda content: b"Lay red, please.")


@plant(f"clip {FIRST}.*json and its row differ in text")
def text_changed_in_the_table(copy: DatasetCopy) -> None:
    copy.change_row("clips", lambda row: row["key"] == FIRST, text="Lay red, please.")


@plant(f"clip {FIRST}.*txt holds 'Lay blue.*', but its row 'Lay red")
def text_changed_in_row_and_json(copy: DatasetCopy) -> None:
    copy.change_clip(FIRST, text="Lay red, please.")


@plant(f"clip {OTHER} .*has the parts json, mfcc.npy.*, not json, txt")
def text_missing(copy: DatasetCopy) -> None:
    copy.change_parts(OTHER, lambda parts: parts.pop("txt"))


@plant(f"clip {OTHER} .*has the parts .*, txt, not json, txt")
def text_behind_the_media(copy: DatasetCopy) -> None:
    copy.change_parts(OTHER, lambda parts: parts.update(txt=parts.pop("txt")))


@plant(f"clip {FIRST}.*txt is damaged")
def text_that_is_none(copy: DatasetCopy) -> None:
    copy.change_part(FIRST, "txt", lambda content: b"Lay \xff")


@plant(f"clip {BENS}: its text is None, but the recogniser is moonshine")
def clip_without_a_text(copy: DatasetCopy) -> None:
    copy.change_clip(BENS, text=None, text_confidence=None)
    copy.change_parts(BENS, lambda parts: parts.pop("txt"))


@plant("its text is 'Lay blue.*', but the recogniser is none")
def texts_without_a_recogniser(copy: DatasetCopy) -> None:
    copy.change_json("run.json", lambda run: run["recipe"]["transcripts"].update(recogniser="none"))


@plant("transcripts.recogniser")
def recogniser_that_is_none(copy: DatasetCopy) -> None:
    copy.change_json("run.json", lambda run: run["recipe"].pop("transcripts") and None)


@plant(f"clip {FIRST}: its text_confidence 1.5 cannot")
def confidence_above_one(copy: DatasetCopy) -> None:
    copy.change_clip(FIRST, text_confidence=1.5)


@plant(f"clip {FIRST}: its text_confidence None cannot")
def text_without_a_confidence(copy: DatasetCopy) -> None:
    copy.change_clip(FIRST, text_confidence=None)


@plant(f"clip {FIRST}.*text_confidence is nan, no number|clips of {FIRST}: text_confidence is nan")
def confidence_that_is_no_number(copy: DatasetCopy) -> None:
    copy.change_clip(FIRST, text_confidence=float("nan"))


@plant("speech_decoder.*'CC0'")
def recogniser_of_another_licence(copy: DatasetCopy) -> None:
    copy.change_json("run.json", lambda run: run["models"]["speech_decoder"].update(licence="CC0"))


@plant("json.*do not both have text")
def json_without_its_text(copy: DatasetCopy) -> None:
    def change(parts: dict) -> None:
        row = json.loads(parts["json"])
        del row["text"]
        parts["json"] = json.dumps(row).encode()

    copy.change_parts(FIRST, change)
