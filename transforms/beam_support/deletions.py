"""Delete files and folders, here and in stores; what is gone already is passed over."""

import errno
import os
import re
import shutil
import time
from contextlib import suppress

from schemas.errors import StorageError
from transforms.beam_support.storage import is_local, list_files, path_of, writable
from transforms.beam_support.stores import store_of, tried_writing

_FILES_A_REQUEST = 1000  # S3 takes no more
_PATTERN = re.compile(r"[*?\[]")  # which fsspec would expand
_LAST_WRITERS_S = 10.0  # that a folder is tried to be deleted for while others write to it


def delete_tree(uri: str) -> None:
    """Delete the folder `uri` with everything below it, if it exists.

    Where another process still writes to it, as one of a killed run may for a moment, it is tried again for a while.
    """
    if not is_local(uri):
        delete_files(list_files(uri))
        return
    path, ends_at = path_of(uri), time.monotonic() + _LAST_WRITERS_S
    with writable(uri):
        while os.path.lexists(path):
            try:
                shutil.rmtree(path)
            except FileNotFoundError:  # before Python 3.13 it stops there
                pass
            except OSError as error:
                if error.errno != errno.ENOTEMPTY or time.monotonic() > ends_at:
                    raise


def delete_files(uris: list[str]) -> None:
    """Delete files, all of them local or in one store; there, a thousand by one request where the store can."""
    if uris and not is_local(uris[0]):
        plain = [uri for uri in uris if not _PATTERN.search(uri)]
        for start in range(0, len(plain), _FILES_A_REQUEST):
            _delete_remote(plain[start : start + _FILES_A_REQUEST])
        for uri in set(uris) - set(plain):
            _delete_remote([uri])
        return
    for uri in uris:
        with writable(uri), suppress(FileNotFoundError):
            os.unlink(path_of(uri))


def _delete_remote(uris: list[str]) -> None:
    try:
        if len(uris) == 1:
            tried_writing(uris[0], lambda store, path: store.rm_file(path))
        else:
            tried_writing(uris[0], lambda store, _: store.rm([store_of(uri)[1] for uri in uris]))
    except StorageError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        if len(uris) > 1:  # a store that stops at the first one that is gone
            for uri in uris:
                _delete_remote([uri])
