"""A face whose pixels a generator makes from scratch, as the paper has it."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from speech2vid.generation.driving_audio import DrivingAudio
from speech2vid.generation.stills import StillFinder, find_stills
from speech2vid.generation.talking_faces import mean_talking_face, talking_faces
from speech2vid.generator.file import DeblurringFile, GeneratorFile


class PixelSpeaker:
    """See generate.Speaker; by a generator of pixels."""

    def __init__(
        self,
        identity: Sequence[str],
        driving: DrivingAudio,
        network: GeneratorFile,
        gain: float,
        deblurring: DeblurringFile | None,
        size_px: int,
    ) -> None:
        """Find the stills; too few are repeated. size_px: 0 for the generator's own. UsageError: see find_stills."""
        wanted, side = network.shape.num_identity, network.shape.still_px
        found = find_stills(identity, wanted, StillFinder(side))
        self._stills = np.stack([found[index % len(found)].still.face_rgb for index in range(wanted)])
        self._network, self._gain, self._deblurring = network, gain, deblurring
        self._mean_face = mean_talking_face(network, self._stills, driving) if gain != 1 else None
        self.about = f"recipe {network.shape.recipe}, network sha256 {network.sha256}"
        self.size_px = (size_px or 2 * side,) * 2

    def images(self, blocks: Iterable[np.ndarray], num_frames: int) -> Iterator[np.ndarray]:
        """See generate.Speaker."""
        for faces in talking_faces(
            self._network, self._stills, blocks, num_frames, self._mean_face, self._gain, self._deblurring
        ):
            yield from faces
