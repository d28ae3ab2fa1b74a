"""Face tubes: the arrays of all face tracks of one window, as one .npz in staging.

A tube holds, of a track with a mesh: cut-outs of the face as JPEGs back to back, the affine maps from cut-out to source
and from source to the canonical face, and the mesh in the canonical face. No later stage decodes the video again.
"""

import io
from dataclasses import dataclass, fields

import numpy as np

from transforms.media.face_crop import decode_jpeg


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceTube:
    """Arrays of one track of T frames."""

    boxes_xyxy: np.ndarray  # float32 (T, 4), source px
    interpolated: np.ndarray  # bool (T,): no observation in this frame
    mesh: np.ndarray  # int16 (T, 468, 3), unit image_px / 16384, aligned coordinates, unsmoothed
    align: np.ndarray  # float32 (T, 2, 3): source px -> aligned face px, smoothed
    crop_to_source: np.ndarray  # float32 (T, 2, 3): cut-out px -> source px
    mouth_visibility: np.ndarray  # float32 (T,): how surely the mouth is seen, 0..1
    crops_jpeg: np.ndarray  # uint8: JPEGs back to back
    crops_index: np.ndarray  # uint32 (T + 1): where each begins

    def __post_init__(self) -> None:
        """Refuse arrays whose shapes do not belong together."""
        num_frames = len(self.boxes_xyxy)
        expected = {
            "boxes_xyxy": (num_frames, 4),
            "interpolated": (num_frames,),
            "mesh": (num_frames, 468, 3),
            "align": (num_frames, 2, 3),
            "crop_to_source": (num_frames, 2, 3),
            "mouth_visibility": (num_frames,),
            "crops_index": (num_frames + 1,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} of a face tube must have shape {shape}, not {getattr(self, name).shape}")

    def crop(self, frame: int) -> np.ndarray:
        """Cut-out of one frame, RGB uint8 (side, side, 3)."""
        return decode_jpeg(self.crops_jpeg[self.crops_index[frame] : self.crops_index[frame + 1]])


def write_tubes(tubes: dict[str, FaceTube]) -> bytes:
    """Content of the window's tube file; tubes by track name."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        **{
            f"{name}/{field.name}": getattr(tube, field.name)
            for name, tube in sorted(tubes.items())
            for field in fields(FaceTube)
        },
    )
    return buffer.getvalue()


class TubeFile:
    """One window's tube file; arrays are read when they are asked for."""

    def __init__(self, data: bytes) -> None:
        """Open the content of a tube file."""
        self._arrays = np.load(io.BytesIO(data), allow_pickle=False)

    def mesh(self, name: str) -> np.ndarray:
        """Mesh of one track, int16 (T, 468, 3)."""
        return self._arrays[f"{name}/mesh"]

    def tube(self, name: str) -> FaceTube:
        """All arrays of one track."""
        return FaceTube(**{field.name: self._arrays[f"{name}/{field.name}"] for field in fields(FaceTube)})
