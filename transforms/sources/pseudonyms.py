"""Pseudonyms of speakers, groups and files: keyed hashes (HMAC-SHA256), the same in all tables for the same key."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from pathlib import Path

from schemas.errors import UsageError
from schemas.person_names import compared_name
from schemas.records import VideoSource

MIN_KEY_BYTES = 16
_SPEAKER, _GROUP, _NAME, _CHECK = "s", "g", "n", "check"
_DIGITS = 20  # 80 bits: of a billion names no two are expected to be alike
PATTERNS = {name: f"({letter}-[0-9a-f]{{{_DIGITS}}})?" for name, letter in (("speaker", _SPEAKER), ("group", _GROUP))}
"""Column -> regular expression of its values in a dataset with pseudonyms."""
CHECK_PATTERN = f"([0-9a-f]{{{_DIGITS}}})?"
"""Regular expression of the check of a key in run.json; empty: names are as they were given."""
NAME_PATTERN = f"{_NAME}-[0-9a-f]{{{_DIGITS}}}(#.*)?"
"""Regular expression of the names of its sources; of names that are alike, all but the first have a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """Gives pseudonyms by one key."""

    key: bytes = field(repr=False)

    @property
    def key_check(self) -> str:
        """What tells a key from another one; the key does not follow from it."""
        return self._hashed(_CHECK, "")

    def speaker(self, name: str) -> str:
        """The pseudonym of a speaker, whose spellings have one; "" of none."""
        return self._pseudonym(_SPEAKER, compared_name(name))

    def group(self, name: str) -> str:
        """The pseudonym of a group; "" of none."""
        return self._pseudonym(_GROUP, name)

    def source(self, source: VideoSource) -> VideoSource:
        """A listed source with pseudonyms in place of all that tables would have of its names."""
        return replace(
            source,
            speaker=self.speaker(source.speaker),
            group=self.group(source.group),
            name=self._pseudonym(_NAME, source.stored_name),
        )

    def _pseudonym(self, kind: str, name: str) -> str:
        return f"{kind}-{self._hashed(kind, name)}" if name else ""

    def _hashed(self, kind: str, name: str) -> str:
        message = f"{kind}\0{name}".encode(errors="surrogateescape")
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()[:_DIGITS]


def read_key(path: str) -> Pseudonyms:
    """The pseudonyms by the key in a file, without white space at its ends. UsageError: it is missing or too short."""
    try:
        key = Path(path).expanduser().read_bytes().strip()
    except OSError as error:
        raise UsageError(f"--pseudonymise: cannot read the key file {path!r}: {error.strerror}") from error
    if len(key) < MIN_KEY_BYTES:
        raise UsageError(
            f"--pseudonymise: the key in {path!r} has {len(key)} bytes, and needs {MIN_KEY_BYTES} that no one can "
            f"guess: `openssl rand -hex 32 > {path}` makes one"
        )
    return Pseudonyms(key=key)
