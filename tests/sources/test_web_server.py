"""Files of a web server: what is hashed once is hashed again where the server says that it was written since."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from schemas.records import VideoSource
from tests.made_records import results_in
from transforms.beam_support.source_cache import release
from transforms.sources.stage import hash_name


class Quiet(SimpleHTTPRequestHandler):
    """Says of a file its size and when it was written, and has no etags."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder, and the url of the server that serves it."""
    monkeypatch.setenv("TALKSHARD_CACHE", str(tmp_path / "cache"))
    (tmp_path / "in").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "in")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path / "in", f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    release()


def test_another_file_of_the_same_size_has_its_own_hash(served, tmp_path):
    folder, url = served
    found = []
    for day, content in enumerate((b"one", b"two")):
        (folder / "a.mp4").write_bytes(content)
        os.utime(folder / "a.mp4", (86_400 * day, 86_400 * day))
        found.append(hash_name(VideoSource(uri=f"{url}/a.mp4"), results_in(tmp_path)).content_sha256)
        release()
    assert found[0] != found[1]
