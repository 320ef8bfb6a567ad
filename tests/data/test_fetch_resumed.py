"""Downloads that break, stall or find bytes of an earlier run: they go on where that is safe."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import requests
from download_site import (
    BODY,
    QUICK,
    TAG,
    Handler,
    chunked,
    cut,
    get,
    kept,
    refuses,
    reset,
    says,
    sha256,
    stalls,
    tagged,
    well,
    whole,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcomp.data.remote.download import Patience, fetch_file
from semcomp.errors import SemcompError

pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.mark.parametrize("answer", [well, whole, chunked, tagged(None)])
def test_a_whole_file(site, tmp_path, answer):
    site.script = [answer]
    assert get(site, tmp_path) == BODY
    ((_, headers),) = site.asked
    assert headers["Accept-Encoding"] == "identity"
    assert "Range" not in headers


def test_an_empty_file_and_a_new_folder(site, tmp_path):
    site.files["/data.bin"] = b""
    assert get(site, tmp_path / "a" / "b", checksum=sha256(b""), size=0) == b""


def test_a_broken_connection_is_resumed_where_it_broke(site, tmp_path):
    site.script = [cut(3000), cut(500)]
    assert get(site, tmp_path, checksum=sha256(BODY), size=len(BODY)) == BODY
    assert site.ranges() == [None, "bytes=3000-", "bytes=3500-"]
    assert [headers.get("If-Range") for _, headers in site.asked] == [None, TAG, TAG]


@pytest.mark.parametrize("checksum", [None, sha256(BODY)])
def test_a_later_run_goes_on(site, tmp_path, checksum):
    site.script = [cut(4000), says(503), says(503)]
    refuses(site, tmp_path, r"answered 503 .*\(3 tries in vain\).* 4,000 bytes are kept", checksum=checksum)
    assert kept(tmp_path) == BODY[:4000]
    assert get(site, tmp_path, checksum=checksum) == BODY
    assert site.ranges() == [None, *["bytes=4000-"] * 3]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(breaks=st.lists(st.integers(1, 3000), max_size=8), tag=st.sampled_from([TAG, None]))
def test_any_breaks_give_the_same_bytes(site, tmp_path_factory, breaks, tag):
    site.asked.clear()
    site.script = [cut(sent, tag) for sent in breaks] + [tagged(tag)] * 10
    assert get(site, tmp_path_factory.mktemp("broken"), checksum=sha256(BODY)) == BODY
    at, expected = 0, [None]
    for sent in breaks:
        at += sent
        if at >= len(BODY):
            break
        expected.append(f"bytes={at}-")
    assert site.ranges() == expected


def test_a_reset_connection(site, tmp_path):
    site.script = [reset, reset]
    assert get(site, tmp_path) == BODY


def test_a_stalled_connection(site, tmp_path):
    site.script = [stalls(1234)]
    assert get(site, tmp_path, patience=Patience(tries=2, wait=0.0, timeout=0.15)) == BODY
    assert site.ranges() == [None, "bytes=1234-"]


def test_tries_without_a_new_byte_end_it(site, tmp_path):
    site.script = [cut(10), *[cut(0)] * 3]
    refuses(site, tmp_path, r"broken: IncompleteRead.* \(3 tries in vain\).* 10 bytes are kept")
    assert len(site.asked) == 3  # the first one counts: it is the last that brought something, then two


def test_a_server_without_ranges_starts_anew_and_is_not_asked_for_ever(site, tmp_path):
    site.script = [cut(700), whole]
    assert get(site, tmp_path) == BODY

    def never(handler: Handler, body: bytes) -> None:
        handler.head(200, Content_Length=len(body))
        handler.wfile.write(body[:700])

    site.script = [never] * 50
    (tmp_path / "data.bin").unlink()
    refuses(site, tmp_path, "could not be fetched")
    assert len(site.script) == 47


def test_nobody_there(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/data.bin"
        with pytest.raises(SemcompError, match=r"could not be fetched: .*refused.*check the connection") as e:
            fetch_file(url, tmp_path / "data.bin", patience=QUICK)
        assert "\n" not in str(e.value)
    with pytest.raises(SemcompError, match="correct the address"):
        fetch_file("htp:/x", tmp_path / "data.bin", patience=QUICK)


def test_a_certificate_that_cannot_be_verified(tmp_path, monkeypatch):
    def answer(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError("certificate has expired")

    monkeypatch.setattr(requests.Session, "get", answer)
    with pytest.raises(
        SemcompError, match=r"cannot be verified \(certificate has expired\).*REQUESTS_CA_BUNDLE"
    ):
        fetch_file("https://data.invalid/data.bin", tmp_path / "data.bin", patience=QUICK)


def test_places_that_take_no_file(site, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SemcompError, match=r"the folder .*file cannot be made"):
        fetch_file(site.url, tmp_path / "file" / "data.bin", patience=QUICK)
    (tmp_path / "data.bin").mkdir()
    with pytest.raises(
        SemcompError, match=r"data\.bin cannot be written to .*directory.* 10,240 bytes are kept"
    ):
        fetch_file(site.url, tmp_path / "data.bin", patience=QUICK)


# --- what is found already there ------------------------------------------------------------------------


def leave(folder: Path, url: str, body: bytes, **about: object) -> None:
    (folder / ".data.bin.partial").write_bytes(body)
    state = {"url": url, "validator": TAG, "total": None} | about
    (folder / ".data.bin.partial.json").write_text(json.dumps(state))


def test_all_bytes_were_there_but_the_name(site, tmp_path):
    leave(tmp_path, site.url, BODY, total=len(BODY))
    assert get(site, tmp_path) == BODY
    assert site.asked == []


def test_more_bytes_than_there_are(site, tmp_path):
    leave(tmp_path, site.url, BODY + b"x", total=len(BODY))
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None]


def test_the_server_says_416(site, tmp_path):
    leave(tmp_path, site.url, BODY)  # whole, which only the server knows
    assert get(site, tmp_path) == BODY
    assert site.ranges() == ["bytes=10240-"]
    leave(tmp_path, site.url, BODY + b"too much")
    assert get(site, tmp_path) == BODY
    assert site.ranges()[1:] == ["bytes=10248-", None]


@pytest.mark.parametrize("about", ["", "[]", '{"url": 1}', '{"adress": "x"}', "\0"])
def test_an_unreadable_state_means_starting_anew(site, tmp_path, about):
    leave(tmp_path, site.url, b"x" * 100)
    (tmp_path / ".data.bin.partial.json").write_text(about)
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None]


def test_an_older_file_is_replaced_only_by_a_whole_one(site, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"old")
    site.script = [says(404)]
    with pytest.raises(SemcompError, match="404"):
        get(site, tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == b"old"
    assert get(site, tmp_path) == BODY
