"""The mouth's shapes as a few numbers, and meshes with another mouth.

A mouth shape is given by the principal components of lips, chin and cheeks in the head's own frame (lip_motion), as
they move within a person, relative to that person's mean.
Shapes: T meshes, P components, F = 192 features of lip_motion.
"""

from dataclasses import dataclass

import numpy as np

from transforms.media.canonical import INNER_LIPS
from transforms.speakers.lip_motion import POINTS, head_frame, lip_motion

_LIP_PAIRS = np.array([(13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318)])
"""Upper and lower inner lip, above each other."""
_UPPER_Y, _LOWER_Y = (3 * int(np.flatnonzero(POINTS == point)[0]) + 1 for point in INNER_LIPS)
_USUAL_COUNT = 8  # known shapes that count as much as what is known of all people
_CLOSED_GAP = 0.012  # of the inner lips in eye distances: what the mesh finds on closed mouths
_CERTAIN_CLOSURE = 0.5  # probability from which on lips meet entirely
_POSSIBLE_CLOSURE = 0.45  # and up to which they are left as they are


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MouthMotion:
    """Mouth shapes over time, relative to the person's mean, of a person who moves the lips as widely as is usual."""

    shapes: np.ndarray  # float32 (T, P)
    closed: np.ndarray  # float32 (T,): probability that the lips meet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MouthSpace:
    """A linear space of mouth shapes."""

    mean: np.ndarray  # (F,): the mean person's mean features
    components: np.ndarray  # (P, F), orthonormal
    displacements: np.ndarray  # (P, 468, 3): how all points move with a component, in the head's frame
    within: np.ndarray  # (P,): variance of a person's shapes in one clip
    between: np.ndarray  # (P,): variance of the mean shapes of people's clips

    def shapes_of(self, meshes: np.ndarray) -> np.ndarray:
        """Shapes (T, P) of meshes (T, 468, 3), relative to the mean person's mean."""
        return self.shapes_of_features(lip_motion(meshes))

    def shapes_of_features(self, features: np.ndarray) -> np.ndarray:
        """Shapes (T, P) of features (T, F) of lip_motion."""
        return (features - self.mean) @ self.components.T

    def mean_shape(self, shapes: np.ndarray) -> np.ndarray:
        """The most probable mean shape (P,) of a person of whom some shapes (N, P) are known.

        One smile tells little of the mean, a minute of speech tells it: normal distributions of means and of what a
        person does are taken.
        """
        share = self.between / (self.between + self.within / len(shapes))
        return share * shapes.mean(0)

    def width(self, shapes: np.ndarray) -> float:
        """How widely a person of whom some shapes (N, P) are known moves the lips; 1 for the usual person.

        The variance of the known gaps counts as much as their number lets it.
        """
        usual = self.gap_weights**2 @ self.within
        count = len(shapes) - 1
        known = float(np.var(self.gap_of(shapes), ddof=1)) / usual if count else 0.0
        return float(np.sqrt((_USUAL_COUNT + count * known) / (_USUAL_COUNT + count)))

    def target_meshes(self, own_meshes: np.ndarray, motion: MouthMotion, person_shapes: np.ndarray) -> np.ndarray:
        """The same meshes in their own head pose with other mouths: float32 (T, 468, 3).

        own_meshes: (T, 468, 3), px. person_shapes: (N, P), shapes that are known of the person; see shapes_of.
        """
        wanted = self.mean_shape(person_shapes) + self.width(person_shapes) * motion.shapes
        wanted = self._with_closures(wanted, motion.closed)
        changes = np.einsum("tp,pni->tni", wanted - self.shapes_of(own_meshes), self.displacements)
        frame = head_frame(own_meshes)
        moved = own_meshes + frame.undo_vectors(changes)
        down = frame.undo_vectors(np.broadcast_to([[[0.0, 1.0, 0.0]]], (len(moved), 1, 3)))[:, 0]
        return _uncrossed(moved, down).astype(np.float32)

    def gap_of(self, shapes: np.ndarray) -> np.ndarray:
        """Distance of the inner lips (T,) in eye distances, of shapes (T, P); below 0 they cross."""
        return self._gap(self.mean) + shapes @ self.gap_weights

    @property
    def gap_weights(self) -> np.ndarray:
        """How much a unit of each shape opens the lips: (P,)."""
        return self._gap(self.components)

    @staticmethod
    def _gap(features: np.ndarray) -> np.ndarray:
        return features[..., _LOWER_Y] - features[..., _UPPER_Y]

    def _with_closures(self, shapes: np.ndarray, closed: np.ndarray) -> np.ndarray:
        """The shapes, with lips that meet where that is probable: by the most usual movement that closes them."""
        gap = self.gap_weights
        direction = self.within * gap / (gap @ (self.within * gap))
        share = np.clip((closed - _POSSIBLE_CLOSURE) / (_CERTAIN_CLOSURE - _POSSIBLE_CLOSURE), 0, 1)
        excess = np.maximum(self.gap_of(shapes) - _CLOSED_GAP, 0)
        return shapes - (share * excess)[:, None] * direction


def _uncrossed(meshes: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Meshes in which crossed inner lips are put where they meet; down: (T, 3), the head's downward direction."""
    down = down / np.linalg.norm(down, axis=1, keepdims=True)
    upper, lower = _LIP_PAIRS.T
    crossed = np.maximum(-((meshes[:, lower] - meshes[:, upper]) @ down[:, :, None]), 0) / 2 * down[:, None]
    meshes = meshes.copy()
    meshes[:, upper] -= crossed
    meshes[:, lower] += crossed
    return meshes
