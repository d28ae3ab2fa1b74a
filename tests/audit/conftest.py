"""The good dataset of the auditor's tests, built once, and copies of it that a test may change."""

import shutil

import pytest

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import write_good_dataset


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """The good dataset."""
    folder = tmp_path_factory.mktemp("good") / "out"
    write_good_dataset(folder)
    return folder


@pytest.fixture
def copy(good, tmp_path):
    """A copy of it."""
    return DatasetCopy(shutil.copytree(good, tmp_path / "out"))
