"""The same inputs give the same bytes, whatever order they come in."""

import hashlib
import shutil

from tests.end_to_end.conftest import run
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared


def hashes(output):
    return {str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
            for name in ("shards", "manifests") for path in sorted((output / name).rglob("*")) if path.is_file()}


@needs_shared
@needs_models
def test_a_second_run_and_another_order_give_the_same_bytes(tmp_path):
    clip = shared("dev/grid_other/lbax4n.mpg")
    inputs = [shutil.copy(clip, tmp_path / "b.mpg"), tmp_path / "a.mp4", tmp_path / "c.mpg"]
    inputs[1].write_text("no video")
    inputs[2].write_bytes(clip.read_bytes() + bytes(2048))  # another content, the same pictures
    found = []
    for name, ordered in (("first", inputs), ("second", inputs), ("turned", inputs[::-1])):
        assert run(tmp_path / name, *ordered) == 0
        found.append(hashes(tmp_path / name))
    assert found[0] == found[1] == found[2]
    assert sum(path.endswith(".tar") for path in found[0]) >= 1
