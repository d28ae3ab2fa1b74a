"""One dataset for all tests here, built in this process from real clips and from broken files."""

import hashlib
import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from beam_runner import main
from schemas.stored.parquet import read_parquet
from tests.made_media import make_plain_video
from tests.pipeline.made_models import needs_models
from tests.shared_data import ROOT, shared

CLEAN, LATE, CUTS = "clean.mpg", 'it\'s "late" by 12.mkv', "three\ncuts.mp4"
SMALL_SHARDS = ("--set", "shards.target_mb=0.5")  # several, so that workers have shards to share
EVERY_COPY = ("--set", "copies.max_shared=1")  # where tests look at several recordings of one performance
IN_PROCESS = ("--runner=FnApiRunner", "--direct_running_mode=in_memory")


@dataclass(frozen=True)
class BuiltDataset:
    """A finished run."""

    folder: Path
    exit_code: int

    def rows(self, table):
        """Rows of one table."""
        parts = sorted((self.folder / "manifests" / table).glob("*.parquet"))
        return [row for part in parts for row in read_parquet(part.read_bytes()).to_pylist()]

    def source_of(self, name):
        """The row of the source with a file of this name."""
        [row] = [row for row in self.rows("sources") if any(PurePosixPath(uri).name == name for uri in row["uris"])]
        return row

    def clips_of(self, name):
        """The rows of that source's clips, in order."""
        source_id = self.source_of(name)["source_id"]
        return [row for row in self.rows("clips") if row["source_id"] == source_id]


def array(data):
    """The array in .npy bytes."""
    return np.load(io.BytesIO(data), allow_pickle=False)


def run(output, *inputs, flags=IN_PROCESS):
    """Exit code of a build."""
    return main(["--input", *map(str, inputs), "--output", str(output), *flags])


def fill(folder):
    """Real clips under awkward names, a copy, and files that are no talking video."""
    folder.mkdir()
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / CLEAN)
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / "the same again.mpg")
    shutil.copy(shared("hard/known_offset/lbax4n_sound_late_12f.mkv"), folder / LATE)
    shutil.copy(shared("hard/known_speaker/three_cuts.mp4"), folder / CUTS)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is no video\n" * 50)
    with open(os.fsencode(folder) + b"/no \xff audio.mp4", "wb") as file:
        file.write(make_plain_video(folder.parent / "silent.mp4").read_bytes())
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The dataset."""
    if needs_models.args[0] or not ROOT.is_dir():
        pytest.skip("needs the installed models and the shared recordings")
    folder = tmp_path_factory.mktemp("built")
    return BuiltDataset(folder / "out", run(folder / "out", fill(folder / "in"), flags=(*IN_PROCESS, *EVERY_COPY)))


def hashes(output):
    """Path below the dataset -> sha256, of every shard and manifest part."""
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("shards", "manifests")
        for path in sorted((output / name).rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """Clips, one of them twice as other content, and a file that fails."""
    folder = tmp_path_factory.mktemp("inputs")
    paths = [folder / name for name in ("b.mpg", "a.mp4", "c.mpg", "d.mpg")]
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), paths[0])
    paths[1].write_text("no video")
    paths[2].write_bytes(paths[0].read_bytes() + bytes(2048))  # another content, the same images
    shutil.copy(shared("dev/grid_other/pwij3p.mpg"), paths[3])
    return paths


@pytest.fixture(scope="session")
def first(inputs, tmp_path_factory):
    """Hashes of the first run: in this process, inputs as they come."""
    output = tmp_path_factory.mktemp("first") / "out"
    assert run(output, *inputs, flags=(*IN_PROCESS, *SMALL_SHARDS)) == 0
    return hashes(output)
