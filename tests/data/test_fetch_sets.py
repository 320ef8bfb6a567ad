"""Whole data sets: archives and plain files, their receipts, and folders that hold something already."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shutil
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from download_site import BODY, QUICK, says, sends, sha256, well
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semcomp.data.fetching import RECEIPT, fetch, fetched_folders
from semcomp.data.named_sources import CATALOGUE, NamedSource, RemoteFile
from semcomp.data.remote.archive import DamagedArchive, extract
from semcomp.data.remote.checksum import Checksum
from semcomp.data.remote.download import WrongFile
from semcomp.errors import SemcompError

pytestmark = pytest.mark.usefixtures("plain_environment")

INTERACTIONS = b"user_id,item_id\na,1\na,2\nb,1\n"
ITEMS = b"item_id,title\n1,One\n2,Two\n"


def packed(members: dict[str, bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


ZIP = packed({"toy/interactions.csv": INTERACTIONS, "toy/items.csv": ITEMS, "toy/huge.bin": BODY})
WANTED = ("toy/interactions.csv", "toy/items.csv")


@pytest.fixture
def publish(site, cache, monkeypatch):
    """publish("toy", file, …): an entry of the catalogue; a file is (path, body, checksum, members)."""

    def make(name: str, *files: tuple[str, bytes, Checksum | None, tuple[str, ...]]) -> NamedSource:
        for path, body, _, _ in files:
            site.files[f"/{path}"] = body
        remote = tuple(
            RemoteFile(f"{site.address}/{path}", len(body) if checksum else None, checksum, members)
            for path, body, checksum, members in files
        )
        source = NamedSource(name, "A toy", "nobody", "https://x.invalid", "none", "none", files=remote)
        monkeypatch.setitem(CATALOGUE, name, source)
        return source

    return make


@pytest.fixture
def toy(publish):
    return publish("toy", ("toy.zip", ZIP, sha256(ZIP), WANTED))


@pytest.fixture
def pair(publish):
    """Two plain files; nobody published a hash of the second."""
    return publish(
        "pair",
        ("interactions.csv", INTERACTIONS, sha256(INTERACTIONS), ()),
        ("items.csv", ITEMS, None, ()),
    )


def run(name: str, **options: object) -> tuple[Path, list[str]]:
    said: list[str] = []
    options = {"patience": QUICK, "progress": False, "say": said.append} | options
    return fetch(name, **options), said  # type: ignore[arg-type]


def visible(folder: Path) -> dict[str, bytes]:
    """What is in a folder, but for the lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".fetch.lock"}


def test_only_the_needed_members_of_an_archive_are_kept(site, toy, cache):
    folder, said = run("toy")
    assert folder == cache / "data" / "toy"
    found = visible(folder)
    receipt = json.loads(found.pop(RECEIPT))
    assert found == {"interactions.csv": INTERACTIONS, "items.csv": ITEMS}
    assert said == []
    entry = receipt["files"][f"{site.address}/toy.zip"]
    assert (entry["bytes"], entry["sha256"]) == (len(ZIP), sha256(ZIP).hex)
    assert entry["published"] == str(sha256(ZIP))
    assert entry["kept"] == {"interactions.csv": sha256(INTERACTIONS).hex, "items.csv": sha256(ITEMS).hex}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", receipt["fetched"])
    assert fetched_folders() == {"toy": folder}


def test_what_is_there_is_not_fetched_again_unless_damaged(site, toy):
    folder, _ = run("toy")
    run("toy")
    run("toy", offline=True)
    assert len(site.asked) == 1
    (folder / "items.csv").write_bytes(ITEMS.replace(b"One", b"Own"))
    run("toy")
    assert len(site.asked) == 2
    assert visible(folder)["items.csv"] == ITEMS


def test_names_inside_an_archive_reach_no_other_folder(site, publish, cache):
    evil = packed({"../../evil.csv": ITEMS, "/abs/items.csv": ITEMS, "toy/../../interactions.csv": b"x"})
    publish("toy", ("toy.zip", evil, sha256(evil), ("../../evil.csv", "/abs/items.csv")))
    folder, _ = run("toy")
    assert set(visible(folder)) == {RECEIPT, "evil.csv", "items.csv"}
    assert {path.name for path in cache.rglob("*") if path.is_file()} == {
        RECEIPT,
        "evil.csv",
        "items.csv",
        ".fetch.lock",
    }


@pytest.mark.parametrize(
    "damaged",
    [
        ZIP[:-30],
        ZIP[:60] + b"\xff" * 8 + ZIP[68:],
        b"no archive at all",
        packed({"toy/items.csv": ITEMS}),
    ],
    ids=["cut", "wrong bytes", "no zip", "member missing"],
)
def test_a_damaged_archive_is_refused_and_fetched_once_more(site, publish, damaged):
    publish("toy", ("toy.zip", ZIP, None, WANTED))
    site.script = [sends(damaged, len(damaged))]
    folder, _ = run("toy")
    assert visible(folder)["items.csv"] == ITEMS
    shutil.rmtree(folder)
    site.files["/toy.zip"] = damaged
    with pytest.raises(SemcompError, match="delete it and fetch it again") as error:
        run("toy")
    assert "\n" not in str(error.value)
    assert fetched_folders() == {}
    assert not (folder / RECEIPT).exists()


EDGES = st.sampled_from([*range(120), *range(len(ZIP) - 250, len(ZIP))])  # the headers


@settings(max_examples=150, deadline=None)
@example(changes=[(7, 8), (30, 128)])  # a name in another encoding
@given(changes=st.lists(st.tuples(EDGES, st.integers(0, 255)), min_size=1, max_size=4))
def test_a_changed_archive_gives_the_members_or_says_that_it_is_damaged(tmp_path_factory, changes):
    body = bytearray(ZIP)
    for place, value in changes:
        body[place] = value
    folder = tmp_path_factory.mktemp("zip")
    (folder / "toy.zip").write_bytes(body)
    with contextlib.suppress(DamagedArchive):
        extract(folder / "toy.zip", WANTED, folder, progress=False)
    found = visible(folder)
    assert found.get("interactions.csv", INTERACTIONS) == INTERACTIONS
    assert found.get("items.csv", ITEMS) == ITEMS
    assert set(found) <= {"toy.zip", "interactions.csv", "items.csv"}


def test_no_room_to_unpack(site, toy, monkeypatch):
    usage = shutil.disk_usage("/")
    free = iter([10**9, 10])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(free)))
    with pytest.raises(SemcompError, match=r"has 10 bytes free, and unpacking toy\.zip takes \d+; make room"):
        run("toy")
    monkeypatch.undo()


def test_what_could_not_be_verified_is_said_and_held_to_the_first_fetch(site, pair):
    folder, said = run("pair")
    digits = sha256(ITEMS).hex
    assert said == [
        "items.csv could not be verified, since no hash of it is published: "
        f"{len(ITEMS)} bytes with sha256 {digits} are taken as they came"
    ]
    other = ITEMS.replace(b"Two", b"New")
    (folder / "items.csv").unlink()
    site.files["/items.csv"] = other
    with pytest.raises(SemcompError, match=rf"first fetch; delete .*{RECEIPT} to take the file as it is now"):
        run("pair")
    (folder / RECEIPT).unlink()
    _, said = run("pair")
    assert visible(folder)["items.csv"] == other
    assert [path for path, _ in site.asked].count("/interactions.csv") == 1  # it had stayed, and verifies


def test_another_file_than_the_published_one_is_no_fetch(site, toy):
    site.files["/toy.zip"] = ZIP[:-1] + b"x"
    with pytest.raises(
        WrongFile, match=rf"toy\.zip served .* expected {len(ZIP)} bytes and sha256 \w{{64}}; "
    ):
        run("toy")
    assert fetched_folders() == {}


def test_what_a_killed_process_left_is_swept_away(toy, cache):
    folder = cache / "data" / "toy"
    folder.mkdir(parents=True)
    (folder / f".part-{'0a' * 16}.csv").write_bytes(b"half a member")
    (folder / ".part-of-mine").write_bytes(b"")
    run("toy")
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv", ".part-of-mine"}


def test_half_a_fetch_does_not_count_and_is_completed(site, pair):
    site.script = [well, says(404)]
    with pytest.raises(SemcompError, match=r"items\.csv answered 404"):
        run("pair")
    assert fetched_folders() == {}
    folder, _ = run("pair")
    assert [path for path, _ in site.asked] == ["/interactions.csv", "/items.csv", "/items.csv"]
    assert fetched_folders() == {"pair": folder}


def test_files_put_by_hand(site, pair, toy, cache):
    with pytest.raises(SemcompError, match=r"offline .*interactions\.csv and http.*items\.csv .*fetch again"):
        run("pair", offline=True)
    folder = cache / "data" / "pair"
    (folder / "interactions.csv").write_bytes(b"something else")
    with pytest.raises(SemcompError, match=r"interactions\.csv has 14 bytes and sha256 .* put the published"):
        run("pair", offline=True)
    (folder / "interactions.csv").write_bytes(INTERACTIONS)
    (folder / "items.csv").write_bytes(ITEMS)
    assert run("pair", offline=True)[0] == folder
    archive = cache / "data" / "toy" / "toy.zip"
    archive.parent.mkdir()
    archive.write_bytes(ZIP)
    folder, _ = run("toy", offline=True)
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv"}
    assert site.asked == []
    assert set(fetched_folders()) == {"pair", "toy"}


def test_a_damaged_file_in_the_cache_is_replaced(site, pair, cache):
    folder = cache / "data" / "pair"
    folder.mkdir(parents=True)
    (folder / "interactions.csv").write_bytes(b"half of it")
    run("pair")
    assert visible(folder)["interactions.csv"] == INTERACTIONS


def test_a_notice_under_the_name_of_a_gzip_file(site, publish, cache):
    publish("toy", ("items.csv.gz", b"Too many downloads today", None, ()))
    with pytest.raises(SemcompError, match=r"items\.csv\.gz is not a gzip file"):
        run("toy")
    assert fetched_folders() == {}
    site.files["/items.csv.gz"] = gzip.compress(ITEMS)
    folder, _ = run("toy")
    assert gzip.decompress(visible(folder)["items.csv.gz"]) == ITEMS


def test_a_folder_of_ones_own(site, toy, pair, tmp_path):
    folder, _ = run("toy", into=tmp_path / "new" / "toy")
    assert folder == tmp_path / "new" / "toy"
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv"}
    run("toy", into=folder)
    assert len(site.asked) == 1
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "items.csv").write_text("my own")
    (mine / "interactions.csv").write_text("my own")
    for name in ("toy", "pair"):
        with pytest.raises(
            SemcompError, match=rf"interactions\.csv exists and is not what '{name}' would put"
        ):
            run(name, into=mine)
    assert (mine / "items.csv").read_text() == "my own"
    (tmp_path / "file").write_text("")
    with pytest.raises(SemcompError, match="Not a directory"):
        run("toy", into=tmp_path / "file" / "toy")


def test_an_interrupted_fetch_into_a_folder_of_ones_own_goes_on(site, toy, tmp_path, monkeypatch):
    module = sys.modules["semcomp.data.fetching"]
    monkeypatch.setattr(module, "asdict", lambda _: 1 / 0)  # between the members and the receipt
    with pytest.raises(ZeroDivisionError):
        run("toy", into=tmp_path / "toy")
    monkeypatch.undo()
    monkeypatch.setitem(CATALOGUE, "toy", toy)
    folder, _ = run("toy", into=tmp_path / "toy")
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv"}


def test_a_receipt_of_other_files_does_not_count(site, toy, publish):
    folder, _ = run("toy")
    for broken in ("", "[]", "{}", '{"name": "toy", "fetched": "", "files": {"x": {}}}', '{"name": "toy"}'):
        (folder / RECEIPT).write_text(broken)
        assert fetched_folders() == {}
    run("toy")
    newer = packed({"toy/interactions.csv": INTERACTIONS, "toy/items.csv": ITEMS.replace(b"Two", b"New")})
    publish("toy", ("toy.zip", newer, sha256(newer), WANTED))  # the catalogue has moved on
    assert fetched_folders() == {}
    run("toy")
    assert b"New" in visible(folder)["items.csv"]


def test_names_without_a_download(cache):
    with pytest.raises(SemcompError, match=r"unknown data set 'ml-1n'; did you mean 'ml-1m'"):
        fetch("ml-1n")
    with pytest.raises(
        SemcompError, match=r"'games' has no download of its own.*SEMCOMP_DATA.*https://nijian"
    ):
        fetch("games")
