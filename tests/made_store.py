"""An S3 store on this machine: moto's server in a thread, behind a proxy that can fail, wait and count."""

import http.client
import logging
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import forkserver
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "bucket"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "made",
    "AWS_SECRET_ACCESS_KEY": "made",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class MadeStore:
    """The store, with what a test wants it to do to requests."""

    def __init__(self, port: int, moto_url: str):
        self.url = f"http://127.0.0.1:{port}"
        self.client = boto3.client("s3", endpoint_url=moto_url)
        self.client.create_bucket(Bucket=BUCKET)
        self.requests: Counter[tuple[str, str]] = Counter()  # (method, key) -> times
        self.fetched_bytes: Counter[str] = Counter()  # key -> bytes of bodies of GET
        self.status_of: Callable[[str, str], int] = lambda method, key: 0  # 0: the store answers
        self.error_code = ""  # in the body of such an answer
        self.delay_s = 0.0

    @property
    def flags(self) -> list[str]:
        """Beam's option that leads here."""
        return [f"--s3_endpoint_url={self.url}"]

    def uri(self, key: str) -> str:
        """The url of a key."""
        return f"s3://{BUCKET}/{key}"

    def put(self, key: str, data: bytes) -> str:
        """Put an object; its url."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)
        return self.uri(key)

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Key -> content."""
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {one["Key"]: self.client.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in found}

    def unfinished_uploads(self) -> list[str]:
        """Keys of multipart uploads that were neither completed nor aborted."""
        return [one["Key"] for one in self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]

    def download(self, prefix: str, folder: Path) -> None:
        """Copy all objects below a prefix."""
        for key, data in self.objects(prefix).items():
            path = folder / key.removeprefix(prefix).lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


@contextmanager
def made_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeStore]:
    """A store with an empty bucket."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    forkserver._forkserver._stop()  # the next one has this environment
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    _, moto_port = moto.get_host_and_port()
    moto_url = f"http://127.0.0.1:{moto_port}"
    proxy = _ProxyServer(("127.0.0.1", 0), _Proxy)
    store = MadeStore(proxy.server_address[1], moto_url)
    proxy.store, proxy.moto_port = store, moto_port  # type: ignore[attr-defined]
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield store
    finally:
        proxy.shutdown()
        proxy.server_close()
        urllib.request.urlopen(urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST")).close()
        moto.stop()


class _ProxyServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that one side gave up is nothing to print: the client asks again."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _pass_on(self) -> None:
        store = self.server.store  # type: ignore[attr-defined]
        key = self.path.partition("?")[0].removeprefix(f"/{BUCKET}").lstrip("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        store.requests[self.command, key] += 1
        time.sleep(store.delay_s)
        status, headers, data = store.status_of(self.command, key), {}, b""
        if status and store.error_code and self.command != "HEAD":
            data = f"<Error><Code>{store.error_code}</Code><Message>refused</Message></Error>".encode()
        if not status:
            status, headers, data = self._asked(body)
            if self.command == "GET":
                store.fetched_bytes[key] += len(data)
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(data)

    def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.moto_port)  # type: ignore[attr-defined]
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.headers), data

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
