"""Files that changed, are not the published one, or have another length than announced."""

from __future__ import annotations

import hashlib

import pytest
from download_site import (
    BODY,
    TAG,
    Handler,
    chunked,
    cut,
    get,
    kept,
    refuses,
    says,
    sends,
    sha256,
    tagged,
    well,
)

from semcomp.data.remote.checksum import Checksum
from semcomp.data.remote.download import Patience
from semcomp.errors import SemcompError

pytestmark = pytest.mark.usefixtures("plain_environment")


def test_a_file_that_changed_between_the_tries_starts_anew(site, tmp_path):
    new = BODY[::-1]

    def changes(handler: Handler, body: bytes) -> None:
        site.files["/data.bin"] = new
        well(handler, new, tag='"second"')

    site.script = [cut(3000), changes]
    assert get(site, tmp_path) == new
    assert site.ranges() == [None, "bytes=3000-"]


def test_a_server_that_overlooks_if_range(site, tmp_path):
    new = BODY[::-1]

    def mixes(handler: Handler, _: bytes) -> None:
        site.files["/data.bin"] = new
        handler.head(
            206,
            Content_Length=len(new) - 3000,
            Content_Range=f"bytes 3000-{len(new) - 1}/{len(new)}",
            ETag='"second"',
        )
        handler.wfile.write(new[3000:])

    site.script = [cut(3000), mixes, tagged('"second"')]
    assert get(site, tmp_path) == new
    assert site.ranges() == [None, "bytes=3000-", None]


def test_another_range_than_asked_for(site, tmp_path):
    def other(handler: Handler, body: bytes) -> None:
        handler.head(206, Content_Length=10, Content_Range=f"bytes 0-9/{len(body)}", ETag=TAG)
        handler.wfile.write(body[:10])

    site.script = [cut(3000), other]
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None, "bytes=3000-", None]


def test_bytes_nothing_vouches_for_are_not_taken_up(site, tmp_path):
    site.script = [cut(3000, tag=None), says(500)]
    refuses(site, tmp_path, "3,000 bytes are kept", patience=Patience(tries=2, wait=0.0))
    assert get(site, tmp_path) == BODY  # no ETag, no checksum: the next run begins with the first byte
    assert site.ranges()[-1] is None


def test_bytes_of_another_address_are_not_taken_up(site, tmp_path):
    site.script = [cut(3000), says(500), says(500)]
    refuses(site, tmp_path, "kept")
    site.url += "?edition=2"
    assert get(site, tmp_path) == BODY
    assert site.ranges()[-1] is None


def test_the_wrong_file_leaves_nothing_and_the_next_run_starts_anew(site, tmp_path):
    site.files["/data.bin"] = BODY.replace(b"\x07", b"\x08")
    refuses(site, tmp_path, r"served 10,240 bytes with sha256 \w{64}, expected sha256", checksum=sha256(BODY))
    assert list(tmp_path.iterdir()) == []
    assert len(site.asked) == 1
    site.files.clear()
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY
    assert site.ranges() == [None, None]


def test_poisoned_bytes_of_an_earlier_run_are_thrown_away_once(site, tmp_path):
    site.script = [cut(3000), says(500), says(500)]
    refuses(site, tmp_path, "kept", checksum=sha256(BODY))
    (tmp_path / ".data.bin.partial").write_bytes(b"x" * 3000)
    site.asked.clear()
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY
    assert site.ranges() == ["bytes=3000-", None]


def test_md5_is_a_checksum_too(site, tmp_path):
    assert get(site, tmp_path, checksum=Checksum("md5", hashlib.md5(BODY).hexdigest())) == BODY
    (tmp_path / "data.bin").unlink()
    refuses(site, tmp_path, "expected md5 0000", checksum=Checksum("md5", "0" * 32))


@pytest.mark.parametrize("wrong", [("sha1", "0" * 40), ("sha256", "0" * 32), ("md5", "A" * 32), ("md5", "")])
def test_no_checksum(wrong):
    with pytest.raises(SemcompError, match="is not a checksum"):
        Checksum(*wrong)


def test_the_announced_length_is_held_against_the_published_one(site, tmp_path):
    refuses(site, tmp_path, "announces 10,240 bytes, expected 10,241", size=10_241)
    site.script = [chunked]
    refuses(site, tmp_path, "sent more than the expected 10,000 bytes", size=10_000)
    site.script = [chunked]
    refuses(site, tmp_path, "ended after 10,240 of 11,000 bytes", size=11_000, patience=Patience(tries=1))
    assert kept(tmp_path) == BODY  # shorter than published: perhaps only cut off
    refuses(site, tmp_path, "announces 10,240 bytes, expected 10,000", size=10_000)
    assert kept(tmp_path) is None


def test_more_bytes_than_announced_are_not_read(site, tmp_path):
    site.script = [sends(BODY + b"more", length=len(BODY))]
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY


def test_a_length_nobody_tells(site, tmp_path):
    site.script = [sends(BODY)] * 2
    refuses(site, tmp_path, "does not say how long the file is")
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY
