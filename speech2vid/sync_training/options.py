"""Options of a sync network's training, as `talkshard train-sync` takes them."""

from dataclasses import dataclass

SPEECH, LOG_MEL = AUDIO_FEATURES = ("speech", "log_mel")
"""What a network takes of audio: log-mel columns with the features of a speech encoder, or log-mel columns alone."""
IDENTIFYING_OPTIONS = ("where", "seed", "networks", "folds", "steps", "patience", "rounds", "width", "audio_features")
"""Options that determine the result, beside the dataset and the lags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTrainingOptions:
    """What to train from, how, and where to."""

    dataset: str  # output of `talkshard build`, a folder or a URL
    output: str
    lags: str | None = None  # CSV of measured lags, see read_lags
    where: str | None = None  # DuckDB condition on the clips table; None: all clips of the train split
    rounds: int = 1  # each but the last measures the lags that the next one corrects
    seed: int = 0
    networks: int = 2  # whose similarities are averaged
    width: int = 96  # channels within a tower
    audio_features: str = SPEECH  # of AUDIO_FEATURES
    folds: int = 4  # of held-out speakers
    steps: int = 800  # at most
    patience: int = 4  # scorings without a better one before the folds end
    workers: int = 2  # processes; they change no number
