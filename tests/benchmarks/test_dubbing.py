"""The tables of the dubbing benchmark say what its rows hold."""

from benchmarks.dubbing import table


def another(condition: str, probability: float | None, lag: float | None = None, outside: float | None = None) -> dict:
    row = {"video": "a.mp4", "audio": "b.mp4", "condition": condition, "probability": probability, "lag_frames": lag}
    return row | ({} if outside is None else {"outside_psnr_db": outside})


def own(condition: str, mouth_mse: float, seam: float | None) -> dict:
    scores = {"mouth_mse": mouth_mse, "seam": seam, "identity_distance": None, "outside_psnr_db": float("inf")}
    return {"video": "a.mp4", "audio": "a.mp4", "condition": condition, **scores}


def test_accepted_audio_is_counted_and_only_its_lags_matter():
    rows = [
        another("control", 0.1, 9.0),
        another("control", None),
        another("poisson", 0.9, -0.4, 45.2),
        another("poisson", 0.5, 0.8, 41.0),
        another("poisson", 0.4, 7.0, 44.0),
    ]
    lines = table(rows)
    assert "| control | 0 of 2 | - | - |" in lines
    assert "| poisson | 2 of 3 | 0.6, 0.8 | 41.0 dB |" in lines


def test_own_audio_is_averaged_over_the_videos():
    lines = table([own("poisson", 100, 1.0), own("poisson", 200, None), own("context", 90, 1.1)])
    assert "| poisson | 150 | 1 | - | inf dB |" in lines
    assert "| context | 90 | 1.1 | - | inf dB |" in lines
