"""A real server on the loopback address, the ways in which it answers, and a file fetched from it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from semcomp.data.remote.checksum import Checksum
from semcomp.data.remote.download import Patience, fetch_file
from semcomp.errors import SemcompError

BODY = bytes(range(256)) * 40  # 10,240 bytes, no two blocks of 256 in another order
TAG = '"first"'
QUICK = Patience(tries=3, wait=0.0, timeout=5.0)
Answer = Callable[["Handler", bytes], None]


def sha256(body: bytes) -> Checksum:
    return Checksum("sha256", hashlib.sha256(body).hexdigest())


class Handler(BaseHTTPRequestHandler):
    """Answers a GET with the next of `site.script`, else well."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.close_connection = True
        self.site.asked.append((self.path, dict(self.headers)))
        body = self.site.files.get(self.path.removeprefix("http://data.invalid"), BODY)
        answer = self.site.script.pop(0) if self.site.script else well
        with contextlib.suppress(ConnectionError):
            answer(self, body)

    def head(self, code: int, **headers: object) -> None:
        self.send_response(code)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


class Site:
    """A server of files, what it was asked for, and how it is to answer next."""

    def __init__(self) -> None:
        handler = type("Own", (Handler,), {"site": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.script: list[Answer] = []
        self.released = threading.Event()
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.address}/data.bin"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.asked]

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def well(handler: Handler, body: bytes, *, tag: str | None = TAG, sent: int | None = None) -> None:
    """As it should be: ranges, and If-Range held against the tag. `sent` bytes of the body and no more."""
    found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    start = int(found[1]) if found and handler.headers.get("If-Range", tag) == tag else 0
    if start > len(body) or (found and start == len(body)):
        return handler.head(416, Content_Range=f"bytes */{len(body)}", Content_Length=0)
    part = f"bytes {start}-{len(body) - 1}/{len(body)}" if start else None
    handler.head(206 if start else 200, Content_Length=len(body) - start, Content_Range=part, ETag=tag)
    handler.wfile.write(body[start:] if sent is None else body[start : start + sent])
    return None


def cut(sent: int, tag: str | None = TAG) -> Answer:
    return lambda handler, body: well(handler, body, sent=sent, tag=tag)


def tagged(tag: str | None) -> Answer:
    return lambda handler, body: well(handler, body, tag=tag)


def reset(handler: Handler, body: bytes) -> None:
    well(handler, body, sent=2000)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def stalls(sent: int) -> Answer:
    def answer(handler: Handler, body: bytes) -> None:
        well(handler, body, sent=sent)
        handler.site.released.wait(30)

    return answer


def whole(handler: Handler, body: bytes) -> None:
    """No idea of ranges."""
    handler.head(200, Content_Length=len(body))
    handler.wfile.write(body)


def says(code: int, **headers: object) -> Answer:
    return lambda handler, _: handler.head(code, Content_Length=0, **headers)


def sends(body: bytes, length: int | None = None, **headers: object) -> Answer:
    def answer(handler: Handler, _: bytes) -> None:
        handler.head(200, Content_Length=length, **headers)
        handler.wfile.write(body)

    return answer


def chunked(handler: Handler, body: bytes) -> None:
    handler.head(200, Transfer_Encoding="chunked", ETag=TAG)
    for start in range(0, len(body), 1000):
        part = body[start : start + 1000]
        handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, no offline mode, whatever the machine has set."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SEMCOMP_OFFLINE", raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def get(site: Site, folder: Path, **options: object) -> bytes:
    """Fetch, and check that nothing but the file is left."""
    options = {"patience": QUICK, "progress": False} | options
    target = folder / "data.bin"
    fetch_file(site.url, target, **options)  # type: ignore[arg-type]
    assert [path.name for path in folder.iterdir()] == ["data.bin"]
    return target.read_bytes()


def refuses(site: Site, folder: Path, message: str, **options: object) -> None:
    """One line, and nothing under the final name."""
    with pytest.raises(SemcompError, match=message) as error:
        get(site, folder, **options)
    assert "\n" not in str(error.value)
    assert not (folder / "data.bin").exists()


def kept(folder: Path) -> bytes | None:
    path = folder / ".data.bin.partial"
    return path.read_bytes() if path.exists() else None
