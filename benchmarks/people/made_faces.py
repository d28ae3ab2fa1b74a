"""Embeddings of made people, spread as dlib's network spreads those of real ones.

Measured on the 27 people of train/: the mean squared distance between two people's means and its spread over pairs are
those of a Gaussian in 27 dimensions; two tracks of a person lie MEASURED_DISTANCES apart (root mean square, by person).
"""

import numpy as np

MEAN_SQUARE, DIMENSIONS, SIZE = 0.539, 27, 128
MEASURED_DISTANCES = (
    *(0.119, 0.124, 0.139, 0.150, 0.170, 0.193, 0.209, 0.246, 0.255, 0.259, 0.266, 0.270, 0.284, 0.315, 0.316, 0.325),
    0.350,
)


def made_faces(num_people: int, num_tracks: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings float32 (N, 128) of `num_tracks` tracks of each person, and the number of each one's person."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(SIZE, DIMENSIONS)))[0].T.astype(np.float32)
    middles = rng.normal(scale=(MEAN_SQUARE / 2 / DIMENSIONS) ** 0.5, size=(num_people, DIMENSIONS)) @ axes
    spread = rng.choice(MEASURED_DISTANCES, num_people) / (2 * SIZE) ** 0.5
    people = np.repeat(np.arange(num_people), num_tracks)
    vectors = np.empty((len(people), SIZE), np.float32)
    for start in range(0, len(people), 1 << 16):
        block = people[start : start + (1 << 16)]
        noise = rng.normal(size=(len(block), SIZE)) * spread[block, None]
        vectors[start : start + len(block)] = middles[block] + noise
    return vectors, people
