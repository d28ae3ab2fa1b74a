"""What run.json says before and after a run."""

import hashlib
import json

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
    assert set(models) == {"face_mesh", "insightface det.onnx", "silero"}
    assert models["insightface det.onnx"]["sha256"] == hashlib.sha256(b"pack").hexdigest()


def test_the_end_adds_counters_and_time_and_keeps_the_rest():
    run = finished({"recipe": {}, "verdict": {"ok": True}}, {"TrackFaces/in": 2}, 1.23)
    assert run["verdict"] == {"ok": True} and run["counters"] == {"TrackFaces/in": 2} and run["wall_s"] == 1.2
