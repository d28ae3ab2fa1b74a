"""Training data of the sync network: lip motion and audio of clips, corrected by their measured lag."""

import csv
import dataclasses
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from schemas.clock import COLUMNS_PER_FRAME, SAMPLES_PER_FRAME
from schemas.errors import UsageError
from transforms.speakers.speech_encoder import FEATURES_PER_FRAME

_SAMPLES_PER_COLUMN = SAMPLES_PER_FRAME // COLUMNS_PER_FRAME
_SPEECH_RANGE = 6.0  # natural log of energy: frames 26 dB below the clip's loud frames are a pause
_SPEECH_REACH = 3  # frames on each side of speech that show its beginning and end
DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TalkingClip:
    """One face and its audio, of equal length."""

    name: str  # the source's file name
    speaker: str
    positions: np.ndarray  # float32 (T, 192): see lip_motion
    columns: np.ndarray  # float32 (4 T, 40): log-mel columns, see audio_columns
    spoken: np.ndarray  # float16 (V, 2 T, 288): speech features of the audio and of augmented versions; 0 for 288: none
    samples: np.ndarray  # int16 (640 T,): the unchanged audio
    lag_frames: float = 0.0  # lag of the source that is corrected already (+ = the audio was late)
    licence: str = ""

    def __post_init__(self) -> None:
        """Check that all parts are equally long; ValueError."""
        if len(self.columns) != COLUMNS_PER_FRAME * len(self.positions):
            raise ValueError(f"{self.name}: {len(self.positions)} frames of face, {len(self.columns)} audio columns")
        if self.spoken.shape[1] != FEATURES_PER_FRAME * len(self.positions):
            raise ValueError(
                f"{self.name}: {len(self.positions)} frames of face, {self.spoken.shape[1]} speech features"
            )
        if len(self.samples) != SAMPLES_PER_FRAME * len(self.positions):
            raise ValueError(f"{self.name}: {len(self.positions)} frames of face, {len(self.samples)} samples")

    def __len__(self) -> int:
        """Frames: T."""
        return len(self.positions)


def no_speech_features(num_frames: int) -> np.ndarray:
    """The speech features of a network that takes none, float32 (2 T, 0)."""
    return np.empty((FEATURES_PER_FRAME * num_frames, 0), np.float32)


def speech_frames(columns: np.ndarray) -> np.ndarray:
    """Frames near speech, bool (T,), of log-mel columns (4 T, 40), by loudness alone; none in digital silence."""
    loudness = columns.reshape(-1, COLUMNS_PER_FRAME * columns.shape[1]).mean(1)
    is_loud = loudness > max(np.percentile(loudness, 95) - _SPEECH_RANGE, 0.5)
    return np.convolve(is_loud, np.ones(2 * _SPEECH_REACH + 1))[_SPEECH_REACH:-_SPEECH_REACH] > 0


def without_lag(clip: TalkingClip, lag_frames: float) -> TalkingClip:
    """The clip with its audio moved earlier by the lag (+ = it was late), to a quarter frame; cut to what both have."""
    columns_late = round(lag_frames * COLUMNS_PER_FRAME)
    lost_frames = -(-abs(columns_late) // COLUMNS_PER_FRAME)
    num_frames = max(0, len(clip) - lost_frames)
    first_frame = lost_frames if columns_late < 0 else 0
    first_column = first_frame * COLUMNS_PER_FRAME + columns_late
    first_sample = first_column * _SAMPLES_PER_COLUMN
    middles = FEATURES_PER_FRAME * (first_frame + columns_late / COLUMNS_PER_FRAME) + np.arange(
        FEATURES_PER_FRAME * num_frames
    )
    return dataclasses.replace(
        clip,
        lag_frames=clip.lag_frames + columns_late / COLUMNS_PER_FRAME,
        positions=clip.positions[first_frame : first_frame + num_frames],
        columns=clip.columns[first_column : first_column + num_frames * COLUMNS_PER_FRAME],
        spoken=np.stack([at_times(version, middles) for version in clip.spoken]).astype(np.float16),
        samples=clip.samples[first_sample : first_sample + num_frames * SAMPLES_PER_FRAME],
    )


def at_times(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Values (N, C) at fractional positions, interpolated linearly; beyond the ends the last value is repeated."""
    times = np.clip(times, 0, len(values) - 1)
    before = np.minimum(times.astype(int), len(values) - 2)
    share = (times - before)[:, None].astype(np.float32)
    return values[before] * (1 - share) + values[before + 1] * share


def read_lags(path: Path) -> dict[str, float | None]:
    """Lags in frames by file name of the source, from CSV `source,lag_frames`; None where it says "drop"."""
    try:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    except OSError as error:
        raise UsageError(f"cannot read the lags {path}: {error.strerror}") from error
    try:
        return {row["source"]: None if row["lag_frames"] == DROP else float(row["lag_frames"]) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} must be CSV with the columns source,lag_frames (a number or {DROP}): {error}"
        ) from error


def write_lags(lags: dict[str, float | None], comments: list[str], path: Path) -> None:
    """Write lags as read_lags reads them, in order of the sources' names."""
    with path.open("w", newline="") as file:
        file.writelines(f"# {comment}\n" for comment in comments)
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("source", "lag_frames"))
        table.writerows((name, DROP if lag is None else f"{lag:g}") for name, lag in sorted(lags.items()))


def source_name(uri: str) -> str:
    """File name of a source's URI."""
    return PurePosixPath(uri).name
