"""The names that sources have in tables: relative to one root, so that folders do not change bytes, and no secrets."""

import hashlib
import posixpath
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote

_URL = re.compile(r"[a-zA-Z][-a-zA-Z0-9+.]*://[^\s'\"<>]+")
_SCHEME = re.compile(r"[a-zA-Z][-a-zA-Z0-9+.]*://")
_PASSWORD = re.compile(r"^([a-zA-Z][-a-zA-Z0-9+.]*://)[^/@:]*:[^/@]*@")
_USER = re.compile(r"^((?:https?|s?ftp)://)[^/@]+@")  # the account of abfs://CONTAINER@ACCOUNT is none
_SECRET = re.compile(
    r"(sig|token|secret|key|auth|credential|passw|pwd|policy|expires|^x-amz-|^x-goog-|^s[epvrt]$|session)",
    re.IGNORECASE,
)
_SECRET_OPTION = re.compile(r"--\S*(secret|token|passw|credential|access_key|api_key|connection_string)", re.IGNORECASE)
_ABOVE = ".."  # the folder above the root
_UNUTF8 = "file:"  # prefix of the percent-encoded name of a file whose name is no UTF-8
HIDDEN = "..."
"""What stands where a secret was."""


def public_uri(uri: str) -> str:
    """The uri without user, password and signed query: it still names the object."""
    if "://" not in uri:
        return uri
    uri = _USER.sub(r"\1", _PASSWORD.sub(r"\1", uri))
    base, question, query = uri.partition("?")
    if question and base.startswith(("http://", "https://")):
        names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
        return base if any(_SECRET.search(name) for name in names) else uri
    return uri


def public_text(text: str) -> str:
    """The text with every url in it as `public_uri` has it."""
    return _URL.sub(lambda found: public_uri(found[0]), text)


def public_command(command_line: Sequence[str], hides_values: bool = False) -> list[str]:
    """A command line without the values of secret options, and without secrets in urls.

    hides_values: only the names of its options, for paths may hold names of people.
    """
    if hides_values:
        return [word.partition("=")[0] for word in command_line if word.startswith("--")]
    shown, hides = [], False
    for word in command_line:
        option, equals, _ = word.partition("=")
        if hides:
            shown.append(HIDDEN)
            hides = False
        elif _SECRET_OPTION.match(option):
            shown.append(f"{option}={HIDDEN}" if equals else word)
            hides = not equals
        else:
            shown.append(public_text(word))
    return shown


def common_root(folders: Sequence[str]) -> str:
    """The deepest folder that all these are in, without a trailing slash; "" where they are in different stores."""
    split = [_split(public_uri(folder)) for folder in set(folders)]
    if len({store for store, _ in split}) != 1:
        return ""
    common = posixpath.commonprefix([path for _, path in split])
    return split[0][0] + "/".join(common)


def stored_name(uri: str, root: str) -> str:
    """The name of a source below the root, or with `..` beside it; a uri of another store is stored whole."""
    public = public_uri(uri)
    store, path = _split(public)
    root_store, root_path = _split(root)
    if not root or store != root_store:
        return public
    shared = len(posixpath.commonprefix([path, root_path]))
    below = [_ABOVE] * (len(root_path) - shared) + path[shared:]
    if public.startswith("file://"):
        return _UNUTF8 + "/".join(map(quote_path, below))
    name = "/".join(below)
    return f"./{name}" if name.startswith(_UNUTF8) else name


def found_uri(name: str, root: str) -> str:
    """The uri of a stored name: where it was, or where it is now if another root is given."""
    if not root or _SCHEME.match(name) or name.startswith("/"):
        return name
    encoded = name.startswith(_UNUTF8)
    store, folder = _split(root)
    below = name.removeprefix(_UNUTF8).split("/") if encoded else name.removeprefix("./").split("/")
    while below[0] == _ABOVE:
        below, folder = below[1:], folder[:-1]
    if encoded:
        return "file://" + "/".join([*map(quote_path, folder), *below])
    return store + "/".join([*folder, *below])


def unread_id(name: str) -> str:
    """Id of a source that was not read: 16 characters like any source id, but not hexadecimal."""
    return "x" + hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:15]


def named_text(text: str, places: Sequence[str], name: str) -> str:
    """A message with the source's stored name for each place (uri, path, path of a copy) that it was read from."""
    for place in sorted(filter(None, places), key=len, reverse=True):
        text = text.replace(place, name).replace(repr(place)[1:-1], name)
    return public_text(text)


def quote_path(path: str) -> str:
    """Percent-encode a path, bytes that are no UTF-8 included."""
    return quote(path.encode(errors="surrogateescape"))


def _split(uri: str) -> tuple[str, list[str]]:
    """The store ("" for this machine) and the parts of the path."""
    if uri.startswith("file://"):
        path = unquote(uri[len("file://") :], errors="surrogateescape")
        return "", path.split("/")
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return "", uri.split("/")
    return scheme[0], uri[scheme.end() :].split("/")
