"""One file over HTTP: resumed where it broke off, verified, and under its own name only once it is whole."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from semcomp.data.remote.checksum import Checksum
from semcomp.data.remote.partial import Partial
from semcomp.errors import SemcompError
from semcomp.progress import progress_bar
from semcomp.storage import file_digest

if TYPE_CHECKING:  # imported where a connection is made: it is slow, and most runs make none
    import requests

OFFLINE = "SEMCOMP_OFFLINE"
CHUNK = 1 << 18  # bytes; what one read may bring at most
REDIRECTS = 10
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that may be better the next time


@dataclass(frozen=True)
class Patience:
    """How long a download is tried.

    Attributes:
        tries: this many in a row that bring no new byte end it.
        wait: seconds before the second of them; doubled for each further one, at most a minute.
        timeout: seconds without an answer or a byte until a try counts as broken.
    """

    tries: int = 5
    wait: float = 0.5
    timeout: float = 30.0


class WrongFile(SemcompError):
    """The server sent another file than the expected one."""


class _Broken(Exception):
    """A try that failed in a way the next one may not; the message says how."""


def is_offline(offline: bool | None = None) -> bool:
    """What was asked for, else what SEMCOMP_OFFLINE says: empty, 0, no and false mean online."""
    if offline is not None:
        return offline
    return os.environ.get(OFFLINE, "").strip().lower() not in ("", "0", "no", "false")


def fetch_file(
    url: str,
    target: Path,
    *,
    checksum: Checksum | None = None,
    size: int | None = None,
    progress: bool = True,
    offline: bool | None = None,
    patience: Patience | None = None,
) -> None:
    """Download `url` to `target`, replacing it.

    Until the bytes are whole and verified they are in `.NAME.partial`, see `Partial`. A broken connection,
    an interruption or a full disk leaves them, and the next call asks for the rest: by Range, with If-Range,
    so that a file which has changed meanwhile starts again. Bytes that turn out wrong are removed, so that
    nothing is ever put on top of them. One process at a time may fetch a target.

    Redirects are followed, never from https to http. HTTP_PROXY, HTTPS_PROXY, NO_PROXY and
    REQUESTS_CA_BUNDLE are respected.

    Args:
        checksum: the file's published hash; None leaves its content unverified.
        size: its published length in bytes. Without both, the server must tell the length.
        offline: no connection at all; None asks SEMCOMP_OFFLINE.

    Raises:
        WrongFile: length or hash are not the expected ones.
        SemcompError: offline, an answer that is an error, no connection after all tries, no room on the disk.
    """
    if is_offline(offline):
        raise SemcompError(
            f"{target.name} is not here, and working offline was asked for; go online (unset {OFFLINE}), "
            f"or get {url} on another machine and put it at {target}"
        )
    import requests

    patience = patience or Patience()
    partial = Partial(url, target, blind=checksum is not None)
    failures, best, again = 0, partial.length, False
    bar = progress_bar(None, target.name, "B", wanted=progress, unit_scale=True, unit_divisor=1024)
    with requests.Session() as session, bar:
        while True:
            resumed = partial.length > 0
            try:
                _complete(session, partial, checksum, size, patience.timeout, bar)
            except _Broken as trouble:
                failures = 1 if partial.length > best else failures + 1
                best = max(best, partial.length)
                if failures >= patience.tries:
                    raise SemcompError(
                        f"{url} could not be fetched: {trouble} ({failures} tries in vain); check the "
                        f"connection and the proxy, then run it again: {partial.length:,} bytes are kept"
                    ) from trouble
                time.sleep(min(patience.wait * 2 ** (failures - 1), 60.0))
                continue
            if size in (None, partial.length) and (checksum is None or checksum.matches(partial.path)):
                partial.finish()
                return
            came = f"{partial.length:,} bytes with sha256 {file_digest(partial.path)}"
            partial.discard()
            if again or not resumed:
                length = "" if size is None else f"{size:,} bytes and "
                raise WrongFile(
                    f"{url} served {came}, expected {length}{checksum or 'any hash'}; nothing of it is kept. "
                    "Either the way there changes files or the publisher has: try another network, or later"
                )
            again = True  # the bytes of an earlier run may be to blame: once more, from the first byte


def _complete(
    session: requests.Session,
    partial: Partial,
    checksum: Checksum | None,
    size: int | None,
    timeout: float,
    bar: Any,
) -> None:
    """Add what is missing. Returns once the partial file is as long as the one on the server."""
    known = partial.state.total if size is None else size
    if known is not None and partial.length > known:
        partial.discard()
    elif known is not None and partial.length == known > 0:
        return
    headers = {"Accept-Encoding": "identity"}  # a packed body would be other bytes, with other ranges
    if partial.length:
        headers["Range"] = f"bytes={partial.length}-"
        if partial.state.validator:
            headers["If-Range"] = partial.state.validator
    with _answer(session, partial.state.url, headers, timeout) as answer:
        start, announced = _content_range(answer)
        if answer.status_code == 416 and announced == partial.length:
            return
        _check(answer, partial)
        if answer.status_code == 200:
            announced = _number(answer.headers.get("Content-Length"))
            partial.restart(_validator(answer), announced)
        elif start != partial.length or _changed(answer, partial):
            partial.discard()
            raise _Broken("the file on the server has changed")
        total = announced if size is None else size
        if announced not in (None, total):
            partial.discard()
            raise WrongFile(
                f"{answer.url} announces {announced:,} bytes, expected {total:,}; the publisher may have "
                "replaced the file"
            )
        if (
            total is None
            and checksum is None
            and "chunked" not in answer.headers.get("Transfer-Encoding", "")
        ):
            raise SemcompError(
                f"{answer.url} does not say how long the file is, so a cut would not be noticed; "
                f"get it by other means and put it at {partial.target}"
            )
        partial.check_room(total)
        bar.reset(total=total)
        bar.initial = bar.n = partial.length  # what was here already does not count for the speed
        with partial.appending() as stream:
            for data in _body(answer):
                partial.append(stream, data)
                bar.update(len(data))
                if total is not None and partial.length > total:
                    partial.discard()
                    raise WrongFile(f"{answer.url} sent more than the expected {total:,} bytes; report it")
    if total is not None and partial.length < total:
        raise _Broken(f"the connection ended after {partial.length:,} of {total:,} bytes")


@contextmanager
def _answer(
    session: requests.Session, url: str, headers: dict[str, str], timeout: float
) -> Iterator[requests.Response]:
    """The answer behind all redirects; its body is not read yet."""
    from requests import exceptions as failed

    first = url
    for _ in range(REDIRECTS + 1):
        try:
            answer = session.get(url, headers=headers, timeout=timeout, stream=True, allow_redirects=False)
        except failed.SSLError as error:
            raise SemcompError(
                f"{url}: the certificate cannot be verified ({_said(error)}); check the clock, and name the "
                "certificates of a proxy that inspects traffic in REQUESTS_CA_BUNDLE"
            ) from error
        except (failed.InvalidURL, failed.MissingSchema, failed.InvalidSchema) as error:
            raise SemcompError(f"{url} cannot be asked for ({_said(error)}); correct the address") from error
        except failed.RequestException as error:
            raise _Broken(_said(error)) from error
        with answer:
            if not answer.is_redirect:
                yield answer
                return
            there = urljoin(url, answer.headers["Location"])
        kinds = urlsplit(url).scheme, urlsplit(there).scheme
        if kinds[1] not in ("http", "https") or kinds == ("https", "http"):
            raise SemcompError(f"{url} redirects to {there}, which is not safe; get the file by other means")
        url = there
    raise SemcompError(f"{first} leads through more than {REDIRECTS} redirects; check the address")


def _check(answer: requests.Response, partial: Partial) -> None:
    """Only whole files and ranges that were asked for pass, and only as they are stored."""
    code, target = answer.status_code, partial.target
    if code in PASSING:
        raise _Broken(f"the server answered {code} {answer.reason}")
    if code == 416 and partial.length:
        partial.discard()
        raise _Broken("the server has fewer bytes than are here")
    if code != 200 and not (code == 206 and partial.length):
        raise SemcompError(
            f"{answer.url} answered {code} {answer.reason}; the address may have moved: look at the "
            f"publisher's page, get the file by other means and put it at {target}"
        )
    if answer.headers.get("Content-Type", "").startswith("text/html") and target.suffix != ".html":
        raise SemcompError(
            f"{answer.url} is a web page and not {target.name} (a log-in, a notice?); open it in a browser "
            "and see what it asks for"
        )
    packing = answer.headers.get("Content-Encoding", "identity")
    if packing != "identity" and target.suffix != ".gz":  # some servers label a stored .gz file this way
        raise SemcompError(
            f"{answer.url} comes packed ({packing}) although the plain file was asked for; "
            f"get it by other means and put it at {target}"
        )


def _body(answer: requests.Response) -> Iterator[bytes]:
    """The bytes as they arrive: `read1` gives what is there, so that a break loses nothing that came."""
    from urllib3.exceptions import HTTPError

    while True:
        try:
            data = answer.raw.read1(CHUNK, decode_content=False)
        except (HTTPError, OSError) as error:
            raise _Broken(_said(error)) from error
        if not data:
            return
        yield data


def _validator(answer: requests.Response) -> str | None:
    """What If-Range may name: a strong ETag, else the date of the last change."""
    tag = answer.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified")


def _changed(answer: requests.Response, partial: Partial) -> bool:
    """Whether a range is of another file than the bytes at hand, for servers that overlook If-Range."""
    was, total = partial.state.validator, partial.state.total
    now = answer.headers.get("ETag" if was and was.startswith('"') else "Last-Modified", was)
    return (was is not None and now != was) or total not in (None, _content_range(answer)[1])


def _content_range(answer: requests.Response) -> tuple[int | None, int | None]:
    """First byte and length of the whole file, as `bytes 5-9/10` or `bytes */10` tell them."""
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range", ""))
    return (_number(found[1]), _number(found[2])) if found else (None, None)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _said(error: BaseException) -> str:
    """The innermost reason of a nest of exceptions, on one line."""
    inner: Any = error
    while isinstance(deeper := getattr(inner, "reason", None) or next(iter(inner.args), None), BaseException):
        inner = deeper
    text = inner.args[0] if inner.args and isinstance(inner.args[0], str) else str(inner)
    return " ".join(text.split()) or type(inner).__name__
