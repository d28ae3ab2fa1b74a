"""The official lists of LRS2: train.txt, val.txt and test.txt say to which of them each clip below main/ belongs."""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import replace

from schemas.errors import UnreadableSource, UsageError
from schemas.records import SPLITS, VideoSource

LAYOUT = "lrs2"
_MAIN = "main"
_IN_NO_LIST = f"below {_MAIN}/, but in none of {', '.join(f'{split}.txt' for split in SPLITS)}"


def with_official_splits(
    sources: Iterable[VideoSource], folder: str | None, read: Callable[[str], bytes]
) -> tuple[VideoSource, ...]:
    """The sources with the splits of their lists; what is in none is left out with this reason.

    folder: of the lists; None: the folder that main/ lies in. read: gives the content at a uri. UsageError: a list is
    not there, or two of them name one clip.
    """
    lists: dict[str, dict[str, str]] = {}
    found = []
    for one in sources:
        root = folder or _root_of(one.uri)
        if one.left_out or not _is_in_main(one.uri):
            found.append(one)
            continue
        if root not in lists:
            lists[root] = _read_lists(root, read)
        split = lists[root].get(_clip_id(one.uri))
        found.append(replace(one, split=split) if split else replace(one, left_out=_IN_NO_LIST))
    return tuple(found)


def _read_lists(folder: str, read: Callable[[str], bytes]) -> dict[str, str]:
    """Clip, as GROUP/NAME, -> its split."""
    splits: dict[str, str] = {}
    for split in SPLITS:
        uri = posixpath.join(folder, f"{split}.txt")
        try:
            lines = read(uri).decode(errors="replace").splitlines()
        except UnreadableSource as error:
            raise UsageError(
                f"--layout {LAYOUT}: what is below {_MAIN}/ is split by train.txt, val.txt and test.txt, but {uri!r} "
                "cannot be read: put the official lists there, or name their folder with --layout_lists"
            ) from error
        for clip in (line.split()[0] for line in lines if line.strip()):  # test.txt says more of each behind a blank
            if splits.setdefault(clip, split) != split:
                raise UsageError(f"{uri!r} names {clip!r}, which is in {splits[clip]}.txt too: correct the lists")
    return splits


def _is_in_main(uri: str) -> bool:
    return uri.split("/")[-3:-2] == [_MAIN]


def _root_of(uri: str) -> str:
    return "/".join(uri.split("/")[:-3]) or "/"


def _clip_id(uri: str) -> str:
    group, name = uri.split("/")[-2:]
    return f"{group}/{posixpath.splitext(name)[0]}"
