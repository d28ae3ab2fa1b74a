"""A still that says audio: its mesh is moved by the motion network, and its face rendered with the moved mesh."""

from collections.abc import Iterator, Sequence

import numpy as np

from speech2vid.generation.borrowed_motion import BorrowedMotion
from speech2vid.generation.ordered_pool import in_threads
from speech2vid.motion.file import MotionFile
from speech2vid.motion.mouth_space import MouthMotion
from speech2vid.rendering.combined_still import central_still, combine_stills
from speech2vid.rendering.face_renderer import FaceRenderer
from speech2vid.rendering.painter_file import PainterFile
from speech2vid.rendering.still import Still

NUM_STILLS = 5
"""More stills than this bring nothing that was measured."""


class TalkingPortrait:
    """One person, of whom some stills are known, with the networks that make the person speak."""

    def __init__(
        self,
        stills: Sequence[Still],
        motion: MotionFile,
        painter: PainterFile | None = None,
        gain: float = 1.0,
        borrowed: BorrowedMotion | None = None,
    ) -> None:
        """Take stills of one size.

        painter: None for the warp alone; gain: factor on the mouth's motion; borrowed: None: the head keeps still.
        """
        self.central = central_still(stills)
        self._in_image = stills[self.central]
        self._base = combine_stills(stills) if len(stills) > 1 else self._in_image
        self._motion, self._gain, self._borrowed = motion, gain, borrowed
        self._num_frames = 0
        self._person_shapes = motion.space.shapes_of(np.stack([still.mesh_px for still in stills]))
        self._renderer = FaceRenderer([self._base, *stills] if len(stills) > 1 else stills, painter)

    def meshes(self, windows: np.ndarray, base: Still | None = None) -> np.ndarray:
        """Meshes float32 (T, 468, 3), px of the stills, of the next windows (T, C, W).

        base: whose head pose they have; None: that of all stills combined.
        """
        found = self._motion.motion(windows)
        motion = MouthMotion(shapes=self._gain * found.shapes, closed=found.closed)
        own_mesh = (base or self._base).mesh_px
        own = np.broadcast_to(own_mesh, (len(windows), *own_mesh.shape))
        meshes = self._motion.space.target_meshes(own, motion, self._person_shapes)
        first, self._num_frames = self._num_frames, self._num_frames + len(windows)
        return meshes if self._borrowed is None else self._borrowed.moved(meshes, first)

    def faces(self, windows: np.ndarray) -> Iterator[np.ndarray]:
        """Aligned faces RGB uint8 (S, S, 3), one a window."""
        return in_threads(lambda mesh: self._renderer.render(self._base, mesh).rgb, self.meshes(windows))

    def images(self, windows: np.ndarray, image_rgb: np.ndarray, to_image: np.ndarray) -> Iterator[np.ndarray]:
        """The whole image of the central still, RGB uint8 (H, W, 3), one a window.

        to_image: (2, 3), px of the still to px of the image.
        """

        def rendered(mesh: np.ndarray) -> np.ndarray:
            return self._renderer.render_in(image_rgb, to_image, self._in_image, mesh).rgb

        return in_threads(rendered, self.meshes(windows, self._in_image))
