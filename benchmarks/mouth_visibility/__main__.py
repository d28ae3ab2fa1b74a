"""Train and measure mouth visibility: python -m benchmarks.mouth_visibility DATA [OUT].

DATA: the folder with train/, dev/ and hard/. Visible mouths are those of all tracks of train/; each is covered twice.
With OUT the weights are written there. Prints what the weights give on dev/ and hard/, which they did not see.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import minimize

from benchmarks.mouth_visibility.covers import KINDS, Place, cover
from benchmarks.mouth_visibility.recorded_tubes import CANONICAL, tubes_of
from transforms.media.canonical import MESH_UNIT, apply_affine, invert_affine
from transforms.media.mouth_visibility import features, mouth_patch
from transforms.media.tubes import FaceTube

_EVERY = 5  # frames
_PENALTY = 25.0  # of squared weights, of standardised features


@dataclass(slots=True)
class Samples:
    """Patches as features, whether the mouth is seen, which cover it has, and the track."""

    features: list[np.ndarray] = field(default_factory=list)
    is_seen: list[bool] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)

    def add(self, patch: np.ndarray, kind: str, track: str) -> None:
        """Add a patch; kind "": the mouth is seen."""
        self.features.append(features(patch))
        self.is_seen.append(not kind)
        self.kinds.append(kind or "seen")
        self.tracks.append(track)


def place_of(tube: FaceTube, frame: int) -> Place:
    """Where the mouth is in the crop of a frame."""
    points = tube.mesh[frame, [61, 291, 13, 14, 0, 17], :2].astype(np.float64) * (CANONICAL.image_px / MESH_UNIT)
    for affine in (tube.align, tube.crop_to_source):
        points = apply_affine(invert_affine(affine[frame : frame + 1].astype(np.float64)), points[None])[0]
    width = float(np.linalg.norm(points[1] - points[0]))
    height = max(float(np.linalg.norm(points[5] - points[4])), 0.35 * width)
    return Place(centre=points[:4].mean(0), width=width, height=height)


def variants(patch: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """The patch and its mirror image; some in grey, some as of a small face."""
    random = np.random.default_rng(seed)
    for image in (patch, np.ascontiguousarray(patch[:, ::-1])):
        if random.random() < 0.25:
            image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
        if random.random() < 0.25:
            size = tuple(round(side / random.uniform(1.5, 2.5)) for side in image.shape[1::-1])
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            image = cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        yield image


def samples_of(data: Path, groups: tuple[str, ...], vary: bool) -> Samples:
    """Samples of all tracks of some groups of the recordings; covered ones of hard/ only where the file has a cover."""
    samples = Samples()
    for number, (name, tube) in enumerate(tubes_of(data, groups)):
        for frame in range(0, len(tube.boxes_xyxy), _EVERY):
            crop, seed = tube.crop(frame), 1000 * number + frame
            kinds = ["caption over the mouth"] if "caption_over_mouth" in name else [""]
            if not name.startswith("hard"):
                kinds += [KINDS[seed // _EVERY % len(KINDS)], KINDS[(seed // _EVERY + 2) % len(KINDS)]]
            for order, kind in enumerate(kinds):
                image = cover(crop, place_of(tube, frame), kind, 10 * seed + order) if kind in KINDS else crop
                patch = mouth_patch(image, tube, frame, CANONICAL)
                for image in variants(patch, seed) if vary else (patch,):
                    samples.add(image, kind, name)
    return samples


def fit(samples: Samples) -> tuple[np.ndarray, float]:
    """Weights and offset: a logistic regression with a penalty on large weights; both classes count the same."""
    values, is_seen = np.stack(samples.features), np.array(samples.is_seen)
    mean, sd = values.mean(0), values.std(0) + 1e-6
    values = (values - mean) / sd
    signs, share = np.where(is_seen, 1.0, -1.0), np.where(is_seen, 0.5 / is_seen.mean(), 0.5 / (~is_seen).mean())

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        logits = signs * (values @ parameters[:-1] + parameters[-1])
        slope = -share * signs / (1 + np.exp(np.clip(logits, -50, 50)))
        gradient = np.append(values.T @ slope + _PENALTY * parameters[:-1], slope.sum())
        return float((share * np.logaddexp(0, -logits)).sum() + _PENALTY / 2 * (parameters[:-1] ** 2).sum()), gradient

    found = minimize(loss, np.zeros(values.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    weights = found[:-1] / sd
    return weights, float(found[-1] - weights @ mean)


def report(name: str, samples: Samples, weights: np.ndarray, offset: float) -> None:
    """Print the mean by kind, and the tracks with the least visible mouths."""
    found = 1 / (1 + np.exp(-(np.stack(samples.features) @ weights + offset)))
    kinds, tracks = np.array(samples.kinds), np.array(samples.tracks)
    print(name, {str(kind): round(float(found[kinds == kind].mean()), 3) for kind in np.unique(kinds)})
    for kind in np.unique(kinds):
        of_tracks = {
            str(track): float(found[(tracks == track) & (kinds == kind)].mean())
            for track in np.unique(tracks[kinds == kind])
        }
        ordered = sorted(of_tracks.items(), key=lambda item: item[1], reverse=kind != "seen")
        print(f"  {kind}: {len(ordered)} tracks;", ", ".join(f"{track} {value:.2f}" for track, value in ordered[:8]))


def main(data: Path, out: Path | None) -> None:
    """Fit on train/, report on train/, dev/ and hard/."""
    train = samples_of(data, ("train",), vary=True)
    weights, offset = fit(train)
    if out is not None:
        np.savez(out, weights=weights.astype(np.float32), offset=np.float32(offset))
    report("train", train, weights, offset)
    for group in ("dev", "hard"):
        report(group, samples_of(data, (group,), vary=False), weights, offset)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
