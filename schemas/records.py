"""The records that travel between stages: small, frozen, picklable. Images, audio and meshes stay in staging files."""

from dataclasses import dataclass
from fractions import Fraction

from schemas.media import MediaProbe
from schemas.sync_result import SyncResult
from schemas.tables import ClipRow, TrackRow

SPLITS = ("train", "val", "test")
SEVERAL = "several"
"""Split of a source whose clips are in more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSource:
    """One name of one input, as listed. Text fields are "" when not given."""

    uri: str
    speaker: str = ""
    group: str = ""
    split: str = ""
    licence: str = ""
    consent: str = ""
    language: str = ""
    content_decides: bool = False  # found in a folder under a name that no media has: its content says what it is
    left_out: str = ""  # why it is not opened; "": it is
    name: str = ""  # as tables have it, see transforms.media.source_names; "": the uri
    speaker_split: str = ""  # split given for its speaker, with whichever name; "": none was
    group_split: str = ""  # likewise for its group

    @property
    def stored_name(self) -> str:
        """The name in tables."""
        return self.name or self.uri


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input by content: all its names, and the split that its unit is in."""

    source_id: str  # first 16 hex digits of content_sha256
    content_sha256: str
    uris: tuple[str, ...]  # sorted; the first is source_uri
    size_bytes: int
    speaker: str
    group: str
    split: str  # one of SPLITS, as its own names have it: FindPeople joins units
    split_unit: str  # "speaker:NAME", "group:NAME" or "source:ID", likewise
    licence: str
    consent: str
    language: str
    names: tuple[str, ...] = ()  # of the uris, as tables have them; (): the uris
    version: str = ""  # of the file source_uri when it was hashed, see storage.version_of; "": not known
    given_split: str = ""  # given for it, its speaker or its group, or on record for these; "": none was

    def __post_init__(self) -> None:
        """Refuse an unknown split, and names that are missing or not sorted."""
        if self.split not in SPLITS:
            raise ValueError(f"split of {self.stored_name!r} must be one of {SPLITS}, not {self.split!r}")
        if not self.uris or list(self.uris) != sorted(self.uris):
            raise ValueError(f"uris of source {self.source_id} must be sorted and not empty")

    def nameless(self) -> "Source":
        """The content alone, without what was given with its names."""
        return Source(
            source_id=self.source_id,
            content_sha256=self.content_sha256,
            uris=("-",),
            size_bytes=self.size_bytes,
            speaker="",
            group="",
            split=SPLITS[0],
            split_unit="",
            licence="",
            consent="",
            language="",
        )

    @property
    def source_uri(self) -> str:
        """Where the source is read from: the first of its uris."""
        return self.uris[0]

    @property
    def stored_names(self) -> tuple[str, ...]:
        """The names in tables; the first stands for the source."""
        return self.names or self.uris

    @property
    def stored_name(self) -> str:
        """The first name."""
        return self.stored_names[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechTurn:
    """Speech in the audio. Samples at 16 kHz from the timeline's zero."""

    start_sample: int
    end_sample: int
    voice: str  # diarized voice within the source; "" when the speech model does not diarize
    overlapped: bool  # two voices at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One probed source with video and speech; its audio and frame times lie in staging."""

    source: Source
    probe: MediaProbe
    num_frames: int  # timeline frames, 25 a second
    timeline_uri: str  # .npz: presentation_ticks int64 (N,), key_frames bool (N,)
    audio_uri: str  # FLAC, 16 kHz mono, sample 0 at the timeline's zero
    speech: tuple[SpeechTurn, ...]  # ascending by start
    speech_model: str  # name and hash, goes into each clip
    result_key: str = ""  # of what made it, see transforms.beam_support.results


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What is known of one source after it was prepared and split, with or without success."""

    source: Source
    probe: MediaProbe | None  # None when it could not be read or probed
    num_frames: int  # timeline frames
    num_windows: int  # windows it was split into; each must have an outcome
    speech_s: float


def window_id(source_id: str, index: int) -> str:
    """The id of a window in all tables: source and number of the window."""
    return f"{source_id}-w{index:05d}"


def window_of_track(track_id: str) -> str:
    """The id of the window that a track was found in."""
    return track_id.rpartition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSplit:
    """The split of one source, as those of its clips have it once people are known."""

    source_id: str
    split: str  # one of SPLITS, or SEVERAL
    split_unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedClip:
    """What is known of a clip that was taken down: enough to refuse copies of it."""

    key: str  # begins like the name of a refused source, see transforms.media.takedown_list
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikePeople:
    """Two people on record whose faces, with the new ones, are as near as if they were one person's."""

    first: str  # person_id
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of one video that is decoded at once. Begins at a key frame; 60 s at most."""

    video: Video  # its `speech` holds only the turns within this window and a second on each side
    index: int
    start_frame: int  # timeline frames, half-open
    end_frame: int
    is_last: bool
    run: int = 0  # number of the windows of its video that one worker reads in order

    @property
    def window_id(self) -> str:
        """Its id in all tables."""
        return window_id(self.video.source.source_id, self.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTrack:
    """One tracked face: its numbers. Its arrays lie in the window's tube file under `name`."""

    track_id: str
    name: str  # prefix of its arrays in the tube file: "t00"
    start_frame: int  # timeline frames, half-open
    end_frame: int
    end_rule: str  # lost, cut, transition, window_edge, source_end
    has_mesh: bool  # False: found by the detector only, without a tube
    row: TrackRow  # what is known before sync is judged; FindSpeakers completes it
    size_rank: int | None = None  # among the faces in view, where faces.max_faces are larger: then it has no mesh


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFaces:
    """All faces of one window."""

    window: Window
    tube_uri: str  # .npz in staging, see transforms.media.tubes; "" without tracks
    tracks: tuple[FaceTrack, ...]
    detector: str
    detector_sha256: str
    mesh_sha256: str
    damaged_frames: int
    work_msec: tuple[tuple[str, int], ...]  # (kernel, milliseconds); a later step counts them
    smallest_face_px: float = 0.0  # shorter side of the smallest face that the detector can find in these images
    result_key: str = ""  # of what made them, see transforms.beam_support.results


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingTurn:
    """A part of a track in which its face speaks alone."""

    turn_id: str
    track: FaceTrack
    start_frame: int  # timeline frames, half-open
    end_frame: int
    audio_shift_samples: int  # the correction: the audio of frame t begins at sample 640 t + shift, see WindowTurns
    sync: SyncResult | None  # of the track; None: not judged


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTurns:
    """All speaking turns of one window; there may be none."""

    faces: WindowFaces
    turns: tuple[SpeakingTurn, ...]
    sync_network: str
    sync_network_sha256: str
    audio_rate: Fraction = Fraction(1)  # samples and speech of this window are of audio corrected by this rate
    result_key: str = ""  # of what made them, see transforms.beam_support.results


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRef:
    """Where a finished clip's tar members lie, all but its row. Only this reference is shuffled, never the bytes."""

    key: str
    split: str
    pack_uri: str
    offset: int  # byte
    length: int  # byte, a multiple of 512
    sha256: str  # of those bytes
    row: ClipRow  # shard, tar_offset and tar_length are filled in when the clip is placed in a shard
    damaged_frames: int = 0  # of its window, that could not be decoded; of a clip on record not known


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOutcome:
    """How one window ended. Every window has exactly one outcome."""

    source_id: str
    window_index: int
    outcome: str  # clips, decided, failed
    num_clips: int
    damaged_frames: int
    smallest_face_px: float = 0.0  # of the detector, in these images; 0: none were searched
