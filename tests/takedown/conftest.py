"""A dataset with everything around it that may show a person: earlier generations, results, pages, sheets, records."""

import json
import shutil

import pytest

from schemas.codec import encode_record
from tests.audit.conftest import good  # noqa: F401  # a fixture
from tests.audit.good_dataset import ANN, ANN_TOO, BEN
from tests.stores.conftest import store  # noqa: F401  # a fixture
from tests.takedown.flags import FIRST, OF_ANN_TOO, OF_BEN, SECOND, TRAIN, media_of
from transforms.beam_support.outcome import Outcome
from transforms.beam_support.results import StageResults


@pytest.fixture
def dataset(good, tmp_path):  # noqa: F811  # the fixture
    """A copy of it with all that a takedown has to remove."""
    return wear(shutil.copytree(good, tmp_path / "out"), tmp_path / "work")


def wear(folder, work):
    """Leave around a dataset what builds, kills, sheets and a work folder elsewhere leave of its sources."""
    shard = (folder / TRAIN).read_bytes()
    for name in (f".{'0' * 32}.tmp", "train-000007.tar"):  # half written, and of a generation before
        (folder / "shards" / name).write_bytes(shard)
    shown = {ANN: (FIRST, SECOND), ANN_TOO: (OF_ANN_TOO,), BEN: (OF_BEN,)}
    shown = {source_id: b"".join(media_of(folder, *keys)) for source_id, keys in shown.items()}
    (folder / "report.html").write_text(f"a page about ann, {ANN_TOO}-w00000-t000-0000010")
    for place in (folder / ".staging/work", work):
        results = StageResults(folder=str(place / "v1/cut"), made_by="")
        for source_id in (ANN, ANN_TOO, BEN):
            key = results.key(source_id)
            (place / "v1/cut" / key[:2]).mkdir(parents=True, exist_ok=True)
            (place / "v1/cut" / key[:2] / f"{key}.pack").write_bytes(shown[source_id])
            results.save(key, encode_record(Outcome(results=(("WindowClips", f"{source_id}-w00000".encode()),))))
        orphan = results.key("orphan")
        (place / "v1/cut" / orphan[:2]).mkdir(parents=True, exist_ok=True)
        (place / "v1/cut" / orphan[:2] / f"{orphan}.npz").write_bytes(shard)
    run = json.loads((folder / "run.json").read_text())
    named = {"command_line": ["talkshard build", "--input", "/in/ann.mp4"], "work": str(work), "inputs": ["0" * 64]}
    (folder / "run.json").write_text(json.dumps(run | named))
    return folder


def draw_sheets(folder):
    """Leave what `talkshard overlay --output OUTPUT` does, of the sources of one speaker."""
    for source_id, keys in ((ANN, (FIRST, SECOND)), (ANN_TOO, (OF_ANN_TOO,))):
        (folder / f"{source_id}.png").write_bytes(b"".join(media_of(folder, *keys)))
