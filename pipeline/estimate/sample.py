"""A stratified sample of sources: alike in container and length within a stratum, some drawn from each."""

import posixpath
from dataclasses import dataclass

import numpy as np

from schemas.errors import MediaError, UsageError
from schemas.records import VideoSource
from transforms.beam_support import storage
from transforms.beam_support.child_process import ChildDied, ChildProcess
from transforms.media.container import open_media

_PER_STRATUM = 4  # sources drawn of each: with fewer, intervals are too narrow where lengths differ much
_FEWEST = 2  # that show how unlike they are
_PROBE_S = 20.0  # for the header of one file


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Drawn sources, and what is known of all."""

    sources: tuple[VideoSource, ...]  # drawn
    lengths: np.ndarray  # (drawn,) float64
    strata: np.ndarray  # (drawn,) int: stratum of each
    stratum_sizes: np.ndarray  # (strata,) int: sources in each, drawn or not
    num_sources: int
    total_length: float  # of all sources
    is_seconds: bool  # lengths are seconds of video by the files' headers; else bytes, for files in a store

    @property
    def weights(self) -> np.ndarray:
        """For how many sources each drawn one stands."""
        drawn = np.bincount(self.strata, minlength=len(self.stratum_sizes))
        return (self.stratum_sizes / drawn)[self.strata]


def draw_sample(
    sources: tuple[VideoSource, ...], num_drawn: int | None, seconds: float | None, seed: int = 0
) -> Sample:
    """Draw `num_drawn` sources, or as many as have about `seconds` of video. UsageError: there is nothing to draw."""
    lengths, is_seconds = _lengths(sources)
    if not lengths.sum():
        raise UsageError("none of the inputs is a video that has a length: there is nothing to estimate")
    if seconds is not None and not is_seconds:
        raise UsageError("--sample_s needs local files, whose headers say how long they are: give --sample N")
    if num_drawn is None:
        num_drawn = round((seconds or 0.0) / lengths.mean())
    num_drawn = min(len(sources), max(_FEWEST, num_drawn))
    order = sorted(range(len(sources)), key=lambda index: (_container(sources[index]), lengths[index], index))
    strata = np.array_split(np.array(order), max(1, num_drawn // _PER_STRATUM))
    shares = [len(part) for part in np.array_split(np.arange(num_drawn), len(strata))]
    random = np.random.default_rng(seed)
    drawn = [
        np.sort(random.choice(stratum, share, replace=False)) for stratum, share in zip(strata, shares, strict=True)
    ]
    chosen = np.concatenate(drawn)
    return Sample(
        sources=tuple(sources[index] for index in chosen),
        lengths=lengths[chosen],
        strata=np.repeat(np.arange(len(strata)), shares),
        stratum_sizes=np.array([len(stratum) for stratum in strata]),
        num_sources=len(sources),
        total_length=float(lengths.sum()),
        is_seconds=is_seconds,
    )


def _lengths(sources: tuple[VideoSource, ...]) -> tuple[np.ndarray, bool]:
    """Length of each source, in seconds where all are local, else in bytes; 0: it is no video."""
    if not all(storage.is_local(source.uri) for source in sources):
        return np.array([storage.size_bytes(source.uri) for source in sources], float), False
    child = ChildProcess(_PROBE_S)
    try:
        return np.array([_seconds_in(child, source) for source in sources], float), True
    finally:
        child.close()


def _seconds_in(child: ChildProcess, source: VideoSource) -> float:
    if source.left_out:
        return 0.0
    try:
        return child.call(header_seconds, storage.path_of(source.uri))
    except (ChildDied, MediaError, OSError):  # the build will say what is wrong with it
        return 0.0


def header_seconds(path: str) -> float:
    """Seconds of video by the header of a file; 0 where it holds no video or does not say."""
    with open_media(path) as container:
        return max(0.0, (container.duration or 0) / 1e6) if container.streams.video else 0.0


def _container(source: VideoSource) -> str:
    return posixpath.splitext(source.uri)[1].lower()
