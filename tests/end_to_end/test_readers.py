"""The shards as others read them: plain webdataset, and Hugging Face datasets without a network."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import webdataset

from schemas.clip_parts import ALIGN, FACES_INDEX, LANDMARKS, MESH, MFCC
from speech2vid.reader import talkshard_parts

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"README.md": 2, "docs/reading.md": 9}  # page -> programs on it, at least
KEYS_BY_DATASETS = """
import json, sys
from datasets import load_dataset
stream = load_dataset("webdataset", data_files={"all": sys.argv[1:]}, split="all", streaming=True)
print(json.dumps([[sample["__key__"], sample["json"]["num_frames"]] for sample in stream.decode(False)]))
"""


@pytest.fixture(scope="module")
def shards(built):
    """Paths of all shards, as dataset.json lists them."""
    listed = json.loads((built.folder / "dataset.json").read_text())["shards"]
    return [str(built.folder / shard["path"]) for shard in listed]


def offline_python(code, *words, folder):
    """What a program prints that finds an empty cache and no answer to any connection."""
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "cache"),
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_datasets_and_webdataset_read_the_same_clips_in_the_same_order(shards, built, tmp_path):
    samples = webdataset.WebDataset(shards, shardshuffle=False)
    by_webdataset = [[sample["__key__"], json.loads(sample["json"])["num_frames"]] for sample in samples]
    assert json.loads(offline_python(KEYS_BY_DATASETS, *shards, folder=tmp_path)) == by_webdataset
    assert len(by_webdataset) == len(built.rows("clips")) > 0


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_programs_run_as_they_stand(page, built, tmp_path):
    (tmp_path / "dataset").symlink_to(built.folder)
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    printed = offline_python("\n".join(blocks), folder=tmp_path)
    assert len(blocks) >= PAGES[page] and all(row["key"] in printed for row in built.rows("clips"))


def test_webdataset_with_talkshard_parts_gives_the_decoded_parts_of_every_clip(shards, built):
    rows = {row["key"]: row for row in built.rows("clips")}
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode(talkshard_parts))
    assert {sample["__key__"] for sample in samples} == set(rows)
    for sample in samples:
        num_frames, image_px = (rows[sample["__key__"]][name] for name in ("num_frames", "image_px"))
        assert sample["faces.mjpg"].shape == (num_frames, image_px, image_px, 3)
        assert sample["flac"].shape == (640 * num_frames,) and sample["json"]["num_frames"] == num_frames
        arrays = (MFCC, LANDMARKS, ALIGN, MESH, FACES_INDEX)
        assert [(sample[part.name].shape, sample[part.name].dtype) for part in arrays] == [
            (part.shape(num_frames), part.dtype) for part in arrays
        ]
