"""Remote stores by fsspec: the options that reach them, carried to every process, and calls that are tried again.

An error that may pass (5xx, time-out, throttling, a lost connection) is tried again with back-off; one that lasts is a
StorageError, which fails the bundle and not the source. So are credentials that the store does not take. Not found and
forbidden are errors of the file.
"""

import datetime
import errno
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import fsspec

from schemas.errors import StorageError, TalkshardError, UnreadableSource
from transforms.media.source_names import public_text, public_uri

_S3_CONFIG = {"connect_timeout": 5, "read_timeout": 30, "retries": {"mode": "standard", "total_max_attempts": 2}}
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_LASTING = (ImportError, LookupError, TypeError, ValueError, AttributeError)  # a wrong option, a store without client
_LASTING_ERRNO = {
    getattr(errno, name)
    for name in ("ENOENT", "EACCES", "EPERM", "EINVAL", "ENOSYS", "EEXIST", "EISDIR", "ENOTDIR", "EMSGSIZE", "EREMCHG")
    if hasattr(errno, name)
}
_LASTING_FILE = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError)
_STAMPS = (
    *("ETag", "etag", "generation", "md5Hash", "Content-MD5", "Digest"),
    *("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "created"),
)
_PASSING_STATUS = (408, 425, 429)  # and 5xx
_NOT_SIGNED_IN = 401
_CREDENTIAL_CODES = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_CREDENTIAL_TYPES = ("Credential", "RefreshError", "ClientAuthenticationError")  # in names of clients' exceptions

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How a run's processes reach its stores. No credentials: each machine has its platform's own chain of them."""

    s3_endpoint_url: str = ""  # "": Amazon's, or that of AWS_ENDPOINT_URL
    s3_region_name: str = ""  # "": by the platform
    s3_verify: str = ""  # file of certificates; "": the system's
    s3_disable_ssl: bool = False
    patience_s: float = 900.0  # for which a call is tried again
    fetch_s: float = 3600.0  # to fetch one file

    def use(self) -> None:
        """Reach stores by these options from now on, in this process."""
        global _used
        _used = self
        client = {"region_name": self.s3_region_name, "verify": self.s3_verify}
        given = {
            "endpoint_url": self.s3_endpoint_url,
            "use_ssl": not self.s3_disable_ssl,
            "client_kwargs": {name: value for name, value in client.items() if value},
        }
        s3 = {name: value for name, value in given.items() if value not in ("", {}, True)}
        fsspec.config.conf["s3"] = _own_conf | {"use_listings_cache": False, "config_kwargs": _S3_CONFIG} | s3


DEFAULT_STORE = StoreOptions()
_own_conf = dict(fsspec.config.conf.get("s3", {}))  # what the user has set for every program
_used = StoreOptions(patience_s=30.0)
_used.use()


def used_options() -> StoreOptions:
    """The options that this process reaches stores by."""
    return _used


def store_of(uri: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """The store of a url, and the path in it."""
    store = fsspec.filesystem(uri.partition("://")[0])
    return store, store._strip_protocol(uri)


def tried(
    what: str, uri: str, call: Callable[[fsspec.AbstractFileSystem, str], Result], lasting: type[TalkshardError]
) -> Result:
    """The result of call(store, path), tried again while its errors may pass.

    what: "read" or "write". lasting: the error where the file is to blame. StorageError: the store is.
    """
    began = time.monotonic()
    for attempt in itertools.count(1):
        try:
            return call(*store_of(uri))
        except (TalkshardError, MemoryError):
            raise
        except Exception as error:  # each store's client raises its own types
            waited_s = time.monotonic() - began
            if refused := _refused_credentials(error, uri):
                raise StorageError(f"cannot {what} {public_uri(uri)!r}: the store refuses {refused}") from error
            if not may_pass(error):
                raise _numbered(lasting(f"cannot {what} {public_uri(uri)!r}: {_reason(error)}"), attempt) from error
            wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
            if waited_s + wait_s > _used.patience_s:
                tried_so = f"tried {attempt} times in {waited_s:.0f} s"
                raise StorageError(f"cannot {what} {public_uri(uri)!r} ({tried_so}): {_reason(error)}") from error
            time.sleep(wait_s)
    raise AssertionError("unreachable")


def tried_reading(uri: str, call: Callable[[fsspec.AbstractFileSystem, str], Result]) -> Result:
    """As `tried`; UnreadableSource where the file is not there or may not be read."""
    return tried("read", uri, call, UnreadableSource)


def tried_writing(uri: str, call: Callable[[fsspec.AbstractFileSystem, str], Result]) -> Result:
    """As `tried`; StorageError whatever is to blame."""
    return tried("write", uri, call, StorageError)


def may_pass(error: Exception) -> bool:
    """Whether the same call may succeed a while later."""
    status = _status_of(error)
    if 400 <= status < 500:
        return status in _PASSING_STATUS
    if isinstance(error, OSError):
        return not isinstance(error, _LASTING_FILE) and error.errno not in _LASTING_ERRNO
    return not isinstance(error, _LASTING)


def _status_of(error: Exception) -> int:
    """The status of HTTP that Google's, Azure's and HTTP's clients give; 0: there is none."""
    found = [getattr(error, name, None) for name in ("code", "status", "status_code")]
    return next((status for status in found if isinstance(status, int)), 0)


def _refused_credentials(error: Exception, uri: str) -> str:
    """Why the store does not take this machine's credentials; "": that is not what the error says."""
    is_web_page = uri.startswith("http")  # which may ask for a password of its own
    if any(name in type(error).__name__ for name in _CREDENTIAL_TYPES) or (
        _status_of(error) == _NOT_SIGNED_IN and not is_web_page
    ):
        return f"the credentials of this machine: {_reason(error)}"
    code, operation = _answer(error)
    if operation.startswith("Head") and not isinstance(error, FileNotFoundError):  # it has no body to hold the reason
        code, _ = _answer(_error_of_reading(uri))
    return f"the credentials of this machine ({code})" if code in _CREDENTIAL_CODES else ""


def _error_of_reading(uri: str) -> BaseException | None:
    """What the store answers to a GET of the first byte, which has a body and so a reason."""
    try:
        store, path = store_of(uri)
        store.cat_file(path, start=0, end=1)
    except Exception as error:  # each store's client raises its own types
        return error
    return None


def _answer(error: BaseException | None) -> tuple[str, str]:
    """The code of S3's answer in an error or in its causes, and what was asked."""
    while error is not None:
        answer = getattr(error, "response", None)
        if isinstance(answer, dict):
            return str(answer.get("Error", {}).get("Code", "")), getattr(error, "operation_name", "")
        error = error.__cause__ or error.__context__
    return "", ""


def stamp_of(info: dict[str, Any]) -> str:
    """What changes in a store's facts about a file when the file does: an etag, else a time."""
    return next((str(info[name]) for name in _STAMPS if info.get(name)), "")


def modified_of(info: dict[str, Any]) -> float | None:
    """When a file was written, by a store's facts about it, in seconds since 1970; None: they do not say."""
    for name in ("LastModified", "last_modified", "updated", "mtime", "created"):
        time_written = info.get(name)
        if isinstance(time_written, str):
            time_written = datetime.datetime.fromisoformat(time_written)
        if isinstance(time_written, datetime.datetime):
            return time_written.timestamp()
        if time_written is not None:
            return float(time_written)
    return None


def _numbered(error: TalkshardError, attempt: int) -> TalkshardError:
    error.attempts = attempt
    return error


def _reason(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return public_text(strerror or str(error) or type(error).__name__)
