"""AddTranscripts: what is said in each clip, in its row; the clips' bytes stay where they are."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import apache_beam as beam

from schemas.codec import decode_record, encode_record
from schemas.records import ClipRef
from transforms.beam_support.counters import count
from transforms.beam_support.results import StageResults, made_range
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.transcripts.config import MOONSHINE, TranscriptsConfig
from transforms.transcripts.moonshine import Moonshine
from transforms.transcripts.transcribe import Recogniser, Transcript, is_english, transcribe_clip, with_transcript

STAGE = "AddTranscripts"
RECOGNISERS = {MOONSHINE: Moonshine}
"""Name of a recogniser -> its class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTranscript:
    """A transcript as it is kept: with the clip's key, by which a takedown of its source finds it."""

    key: str
    transcript: Transcript


@dataclass
class AddTranscripts(beam.PTransform):
    """Give each clip's row its text, where a recogniser is named. What an earlier run wrote down is found."""

    config: TranscriptsConfig
    results: StageResults
    store: StoreOptions = DEFAULT_STORE

    def expand(self, clips: beam.PCollection[ClipRef]) -> beam.PCollection[ClipRef]:
        """Build the stage."""
        if self.config.recogniser not in RECOGNISERS:
            return clips
        load = RECOGNISERS[self.config.recogniser]
        return clips | beam.ParDo(_AddText(load, self.results, self.store)).with_output_types(ClipRef)


class _AddText(beam.DoFn):
    def __init__(self, load: type[Moonshine], results: StageResults, store: StoreOptions):
        self._load, self._results, self._store = load, results, store

    @functools.cached_property
    def _recogniser(self) -> Recogniser:
        return self._load()

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_recogniser"}

    def process(self, ref: ClipRef) -> Iterator[ClipRef]:
        self._store.use()
        transcript = self._transcript(ref) if is_english(ref.row.language) else None
        count(STAGE, "clips" if transcript else "other_languages")
        yield replace(ref, row=with_transcript(ref.row, transcript))

    def _transcript(self, ref: ClipRef) -> Transcript:
        key = self._results.key(ref.sha256)
        stored = self._results.load(key)
        if stored is not None:
            try:
                return decode_record(stored, ClipTranscript).transcript
            except ValueError:  # damaged: it is made again
                pass
        made = transcribe_clip(ref.key, made_range(ref.pack_uri, ref.offset, ref.length), self._recogniser)
        self._results.save(key, encode_record(ClipTranscript(key=ref.key, transcript=made)))
        return made
