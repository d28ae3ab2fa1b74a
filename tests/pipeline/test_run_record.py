"""What run.json says before and after a run."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

from pipeline.config import Recipe
from pipeline.run_record import finished, run_record
from transforms.media.models import model_sha256

NO_INPUT = 0


def test_a_run_names_what_makes_its_data_again():
    run = json.loads(json.dumps(run_record(Recipe(), ["talkshard", "build"], NO_INPUT)))
    assert run["recipe"]["faces"]["min_box_px"] == 32.0
    assert run["packages"]["apache-beam"].startswith("2.") and run["cpu"]["features"] and run["python"].startswith("3.")


def test_the_networks_a_recipe_uses_are_named_with_their_hashes(tmp_path):
    (tmp_path / "det.onnx").write_bytes(b"pack")
    default = run_record(Recipe(), [], NO_INPUT)["models"]
    assert default["face_mesh"]["sha256"] == model_sha256("face_mesh") and "sync network lip_sync.onnx" in default
    chosen = Recipe().with_setting(f"faces.detector=insightface:{tmp_path}").with_setting("speakers.network=none")
    models = run_record(chosen, [], NO_INPUT)["models"]
    assert set(models) == {"face_mesh", "face_recognition", "insightface det.onnx", "silero"}
    assert models["insightface det.onnx"]["sha256"] == hashlib.sha256(b"pack").hexdigest()


def test_the_end_adds_the_time_since_the_start_and_keeps_the_rest():
    started = datetime.now(UTC) - timedelta(hours=30, seconds=1)
    run = finished({"recipe": {}, "started": started.isoformat(), "verdict": {"ok": True}})
    assert run["verdict"] == {"ok": True} and 108_001 <= run["wall_s"] < 108_060
