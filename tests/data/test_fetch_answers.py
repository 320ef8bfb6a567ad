"""What a server may answer, where it may redirect to, proxies, and no network at all."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest
import requests
from download_site import BODY, QUICK, Handler, cut, get, refuses, says, sends, sha256, well

from semcomp.data.remote.download import REDIRECTS, fetch_file, is_offline
from semcomp.errors import SemcompError

pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.mark.parametrize("code", [204, 301, 304, 400, 401, 403, 404, 410, 416, 451])
def test_answers_that_end_it(site, tmp_path, code):
    site.script = [says(code)]
    refuses(site, tmp_path, rf"answered {code} .*put it at .*data\.bin")
    assert len(site.asked) == 1


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_answers_that_may_pass(site, tmp_path, code):
    site.script = [says(code), says(code)]
    assert get(site, tmp_path) == BODY


def test_a_page_instead_of_the_file(site, tmp_path):
    site.script = [sends(b"<html>log in</html>", length=19, Content_Type="text/html; charset=utf-8")]
    refuses(site, tmp_path, r"is a web page and not data\.bin")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects(site, tmp_path, code):
    site.script = [
        cut(3000),
        says(code, Location="there/else.bin"),
        says(code, Location=f"{site.address}/x/y"),
    ]
    assert get(site, tmp_path) == BODY
    assert [path for path, _ in site.asked] == ["/data.bin", "/data.bin", "/there/else.bin", "/x/y"]
    assert site.ranges() == [None, *["bytes=3000-"] * 3]


def test_redirects_without_end(site, tmp_path):
    site.script = [says(302, Location="/data.bin")] * 50
    refuses(site, tmp_path, f"more than {REDIRECTS} redirects")
    assert len(site.asked) == REDIRECTS + 1


@pytest.mark.parametrize("there", ["ftp://127.0.0.1/data.bin", "file:///etc/passwd"])
def test_redirects_to_elsewhere_are_refused(site, tmp_path, there):
    site.script = [says(302, Location=there)]
    refuses(site, tmp_path, f"redirects to {there}, which is not safe")


def test_a_redirect_from_https_to_http_is_refused(site, tmp_path, monkeypatch):
    def answer(_session: object, url: str, **_: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.raw = 302, url, BytesIO()
        response.headers["Location"] = site.url
        return response

    monkeypatch.setattr(requests.Session, "get", answer)
    with pytest.raises(SemcompError, match=f"redirects to {site.url}, which is not safe"):
        fetch_file("https://data.invalid/data.bin", tmp_path / "data.bin", patience=QUICK)


def test_a_server_that_packs(site, tmp_path):
    packed = gzip.compress(BODY)

    def packs_for_who_asks(handler: Handler, body: bytes) -> None:
        if "gzip" in handler.headers["Accept-Encoding"]:
            sends(packed, len(packed), Content_Encoding="gzip")(handler, body)
        else:
            well(handler, body)

    site.script = [packs_for_who_asks]
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY
    (tmp_path / "data.bin").unlink()
    site.script = [sends(packed, len(packed), Content_Encoding="gzip")]
    refuses(site, tmp_path, r"comes packed \(gzip\)")
    site.script = [
        sends(packed, len(packed), Content_Encoding="gzip")
    ]  # a stored .gz, labelled so by servers
    fetch_file(site.url, tmp_path / "data.csv.gz", checksum=sha256(packed), patience=QUICK)
    assert (tmp_path / "data.csv.gz").read_bytes() == packed


# --- proxies, offline -----------------------------------------------------------------------------------


def test_a_proxy_is_used_and_exceptions_are_respected(site, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", site.address)
    fetch_file("http://data.invalid/data.bin", tmp_path / "data.bin", patience=QUICK)
    assert [path for path, _ in site.asked] == ["http://data.invalid/data.bin"]
    assert (tmp_path / "data.bin").read_bytes() == BODY
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nothing listens on the discard port
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert get(site, tmp_path) == BODY
    monkeypatch.delenv("NO_PROXY")
    (tmp_path / "data.bin").unlink()
    refuses(site, tmp_path, "check the connection and the proxy")


def test_offline(site, tmp_path, monkeypatch):
    refuses(site, tmp_path, rf"get {site.url} on another machine and put it at .*data\.bin", offline=True)
    monkeypatch.setenv("SEMCOMP_OFFLINE", "1")
    refuses(site, tmp_path, "unset SEMCOMP_OFFLINE")
    assert site.asked == []
    assert get(site, tmp_path, offline=False) == BODY
    for value, offline in {"": False, "0": False, "no": False, "False": False, "yes": True}.items():
        monkeypatch.setenv("SEMCOMP_OFFLINE", value)
        assert is_offline() is offline
