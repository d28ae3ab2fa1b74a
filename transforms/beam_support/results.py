"""Results between stages, addressed by what made them, so that work that was done is found and not done again.

The key of a result is a hash of what made it: the stage's code, settings and models, and the keys of what it was made
from; never a name, speaker, licence, folder or limit. Its record is written last, so a result that is found is whole.
A run that was killed finds its own; so does a run with another recipe, up to the first stage that it changes.
"""

import functools
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from schemas.errors import IntegrityError, MediaError, StorageError, UnreadableSource
from schemas.records import WindowFaces
from transforms.beam_support import storage

_RECORD = ".result"
Content = TypeVar("Content")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResults:
    """The results of one stage in a work folder."""

    folder: str  # folder or URL
    made_by: str  # hash of the stage's code, settings and models

    def key(self, *inputs: object) -> str:
        """The key of the result that this stage makes from these inputs."""
        return hashlib.sha256(repr((self.made_by, *inputs)).encode(errors="surrogateescape")).hexdigest()[:32]

    def uri(self, key: str, suffix: str) -> str:
        """Where a file of a result lies."""
        return storage.join(self.folder, key[:2], key + suffix)

    def load(self, key: str) -> bytes | None:
        """The record of a result; None: there is none. StorageError: the work folder cannot be read."""
        uri = self.uri(key, _RECORD)
        try:
            return zlib.decompress(storage.read_bytes(uri))
        except UnreadableSource as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise StorageError(f"{error}, which is in the work folder: let this program read and list it") from error
        except zlib.error:  # another program's, or a damaged disk: the result is made again
            return None

    def save(self, key: str, record: bytes) -> None:
        """Write the record of a result, whose files are written already."""
        storage.write_once(self.uri(key, _RECORD), zlib.compress(record, 1))

    def has(self, key: str) -> bool:
        """Whether there is a result of this key."""
        return storage.exists(self.uri(key, _RECORD))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How a stage finds the results of its elements. Each stage says how by a class of its own."""

    results: StageResults

    def key(self, element: Any) -> str:
        """The key of an element's result."""
        raise NotImplementedError

    def nameless(self, record: Any) -> Any:
        """A record as it is stored: without what is no part of the key, like the names of its source."""
        return record

    def adopted(self, record: Any, element: Any, key: str) -> Any:
        """A stored record as this element's: with its names, and with its files where they lie now."""
        return record

    def is_whole(self, key: str, records: tuple[Any, ...]) -> bool:
        """Whether the files that the next stages need of a result are there."""
        return True

    def spent(self, element: Any) -> str:
        """The uri of a file that nothing needs once this element's result is stored; "": none."""
        return ""


def made_path(uri: str) -> str:
    """Local path of a file that an earlier stage made. IntegrityError: it cannot be read, and no source is to blame.

    Another try of the bundle finds what is there by then.
    """
    return _made(storage.local_path, uri)


def made_bytes(uri: str) -> bytes:
    """The bytes of such a file."""
    return _made(storage.read_bytes, uri)


def made_range(uri: str, offset: int, length: int) -> bytes:
    """A part of such a file."""
    return _made(functools.partial(storage.read_range, offset=offset, length=length), uri)


def _made(read: Callable[[str], Content], uri: str) -> Content:
    try:
        return read(uri)
    except MediaError as error:
        raise IntegrityError(
            f"what an earlier stage made is not there ({error}): run the same command again, and if that says "
            "the same, delete the work folder"
        ) from error


def nameless_faces(faces: WindowFaces) -> WindowFaces:
    """The faces of a window without the names of its source, and without places of files."""
    video = replace(faces.window.video, source=faces.window.video.source.nameless(), timeline_uri="-", audio_uri="-")
    return replace(faces, window=replace(faces.window, video=video), tube_uri="-" if faces.tube_uri else "")
