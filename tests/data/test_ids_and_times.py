"""Ids that cannot be, blanks around ids, entities in texts, and what numbers of times count."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from table_files import put, write

import semcomp as sc
from semcomp.data.ids import LONGEST_ID, as_ids, id_fault
from semcomp.data.times import Clock, is_date
from semcomp.errors import LONGEST_MESSAGE, SemcompError, shortened, shown
from semcomp.text import Precomputed, Run

ITEMS = "item_id,title\n1,A\n2,B\n3,C\n"


@pytest.fixture(autouse=True)
def _cache(cache_apart):
    pass


def loaded(tmp_path, text, items=ITEMS, name="x.csv", **options):
    return sc.load_dataset(put(tmp_path / name, text), items=put(tmp_path / "i.csv", items), **options)


# --- ids ------------------------------------------------------------------------------------------------


def in_format(tmp_path, kind, users):
    frame = pl.DataFrame({"user_id": users, "item_id": ["1", "2", "3"][: len(users)]})
    return write(frame, tmp_path / f"x.{kind}")


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "csv.gz"])
@pytest.mark.parametrize("length", [LONGEST_ID + 1, 3000, 100_000])
def test_a_long_id_is_refused_by_its_line_whatever_the_file(tmp_path, kind, length):
    path = in_format(tmp_path, kind, ["u1", "x" * length, "u3"])
    row = {"jsonl": "line 2", "parquet": "row 2"}.get(kind, "line 3")
    message = rf"{row}: column 'user_id' is 'x+…x+' of {length:,} characters, more than the 512"
    with pytest.raises(SemcompError, match=message) as error:
        sc.load_dataset(path, items=put(tmp_path / "i.csv", ITEMS))
    assert len(str(error.value)) <= LONGEST_MESSAGE
    items = put(tmp_path / "long.csv", ITEMS + "y" * length + ",D\n")
    with pytest.raises(SemcompError, match=r"long\.csv, line 5: column 'item_id' is 'y+…y+' of "):
        sc.load_dataset(in_format(tmp_path, kind, ["u1"]), items=items)


def test_a_long_id_of_a_view_or_a_file_of_vectors_is_refused(tmp_path):
    rows = np.eye(2, dtype=np.float32)
    for ids in (["a", "x" * 3000], np.array(["a", "x" * 3000])):
        with pytest.raises(SemcompError, match=r"row 2: the id is 'x+…x+' of 3,000 characters, more than"):
            sc.View("v", rows, rows, user_ids=["a", "b"], item_ids=ids)
    path = put(tmp_path / "v.csv", "item_id,x\na,1\n" + "x" * 3000 + ",2\n")
    with pytest.raises(SemcompError, match=r"v\.csv, row 2: the id is 'x+…x+' of 3,000 characters"):
        Precomputed(path).rows(loaded(tmp_path, "user_id,item_id\na,1\n"), Run())
    assert as_ids(np.array([7, 8]), "n").tolist() == ["7", "8"]


def test_an_id_of_512_characters_is_an_id(tmp_path):
    data = loaded(tmp_path, f"user_id,item_id\n{'x' * LONGEST_ID},1\nu,2\n")
    assert data.user_ids.dtype == f"<U{LONGEST_ID}"


#: White space as Unicode has it; Python counts four separators of records among it too.
WHITE = "".join(one for one in map(chr, range(0x3001)) if one.isspace() and not "\x1c" <= one <= "\x1f")


@given(st.lists(st.text(max_size=3) | st.none(), max_size=5))
@example(["\x1f"])
def test_what_can_be_an_id(values):
    fault = id_fault(pl.Series(values, dtype=pl.String))
    wrong = [not (value or "").strip(WHITE) or "\0" in (value or "") for value in values]
    assert (fault is None) == (not any(wrong))
    if fault is not None:
        assert fault[0] == wrong.index(True)


def test_blanks_around_ids_are_removed_and_told(tmp_path):
    text = "user_id,item_id\n a ,1\n a ,2 \nb,3\nb,2 \n"
    data = loaded(tmp_path, text, "item_id,title\n1,A\n2,B\n 3 ,C\n")
    assert (data.user_ids.tolist(), data.item_ids.tolist()) == (["a", "b"], ["1", "2", "3"])
    assert data.items["item_id"].to_list() == ["1", "2", "3"]
    assert data.named_pair(data.pairs[0]) == "user 'a', item '1'"
    notes = "\n".join(data.notes)
    assert "blanks around 1 user id removed, e.g. ' a '" in notes
    assert "blanks around 1 item id removed, e.g. '2 '" in notes
    assert "blanks around 1 id of the item table removed" in notes
    with pytest.raises(SemcompError, match=r"x\.csv, line 3: user 'a' has item '1' again, first in .*line 2"):
        loaded(tmp_path, "user_id,item_id\n a,1\n a,1\n", recipe=sc.Recipe(duplicates="refuse"))


def test_blanks_that_would_make_two_ids_one_are_refused(tmp_path):
    with pytest.raises(SemcompError, match=r"x\.csv, line 4: user ' a' and user 'a' of .*line 2 differ"):
        loaded(tmp_path, "user_id,item_id\na,1\nb,2\n a,3\n")
    assert loaded(tmp_path, "user_id,item_id\na,1\nb,2\na,3\n").n_users == 2
    with pytest.raises(SemcompError, match=r"i\.csv, line 3: item '1' is in .*line 2 already"):
        loaded(tmp_path, "user_id,item_id\na,1\n", "item_id,title\n1,A\n1 ,B\n")


# --- entities -------------------------------------------------------------------------------------------


def test_entities_in_texts_are_resolved_and_told(tmp_path):
    items = "item_id,title,genres\n1,Q &amp; A &#39;n&#39; more,R&amp;B\n2,AT&T R&D; 5 &lt; 6,\n3,&nosuch;,\n"
    data = loaded(tmp_path, "user_id,item_id\na,1\na,2\na,3\n", items)
    assert data.texts == ("Q & A 'n' more. R&B", "AT&T R&D; 5 < 6", "&nosuch;")
    assert data.items["title"][0] == "Q & A 'n' more"
    assert "HTML entities (such as &amp;) resolved in the texts of 2 items" in data.notes
    again = sc.load_dataset(sc.data.write_folder(data, tmp_path / "kept"))
    assert again.fingerprint == data.fingerprint
    twice = loaded(tmp_path, "user_id,item_id\na,1\n", "item_id,title\n1,a &amp;amp; b\n")
    assert twice.texts == ("a &amp; b",)
    assert sc.load_dataset(sc.data.write_folder(twice, tmp_path / "once")).texts == ("a &amp; b",)


# --- times ----------------------------------------------------------------------------------------------

MOMENT = 1_569_888_005  # 2019-10-01 00:00:05


@pytest.mark.parametrize(
    ("written", "seconds", "said"),
    [
        ("1569888005", MOMENT, None),
        ("1569888005000", MOMENT, "milliseconds since 1970: 1569888005000 is 2019-10-01 00:00:05"),
        ("1569888005000000", MOMENT, "microseconds since 1970"),
        ("1569888005000000000", MOMENT, "nanoseconds since 1970"),
        ("20191001", MOMENT - 5, "dates (YYYYMMDD, YYYYMMDDhhmm, YYYYMMDDhhmmss): 20191001 is 2019-10-01"),
        ("201910010000", MOMENT - 5, "dates"),
        ("20191001000005", MOMENT, "dates"),
        ("17", 17, None),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "float"])
def test_what_times_count_is_told_by_their_range(tmp_path, written, seconds, said, kind):
    if kind == "csv":
        path = put(tmp_path / "x.csv", f"user_id,item_id,time\na,1,{written}\na,2,\na,3,{written}\n")
    elif kind == "jsonl":
        rows = [{"user_id": "a", "item_id": i, "time": int(written)} for i in (1, 3)]
        path = put(tmp_path / "x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    else:
        times = pl.Series([int(written)] * 2).cast(pl.Float64 if kind == "float" else pl.Int64)
        path = tmp_path / "x.parquet"
        pl.DataFrame({"user_id": ["a", "a"], "item_id": [1, 3], "time": times}).write_parquet(path)
    data = sc.load_dataset(path, items=put(tmp_path / "i.csv", ITEMS))
    assert data.interactions["timestamp"].drop_nulls().to_list() == [seconds, seconds]
    told = [note for note in data.notes if note.startswith("times are read as ")]
    assert len(told) == (said is not None)
    assert said is None or told[0].startswith(f"times are read as {said}")
    again = sc.load_dataset(sc.data.write_folder(data, tmp_path / "kept"))
    assert again.fingerprint == data.fingerprint


def test_a_folder_keeps_times_that_look_like_dates(tmp_path):
    data = loaded(tmp_path, "user_id,item_id,time\na,1,20191001.5\n")
    assert data.interactions["timestamp"].to_list() == [20191001.5]
    odd = replace(data, interactions=pl.DataFrame({"timestamp": [20191001.0]}))
    assert sc.load_dataset(sc.data.write_folder(odd, tmp_path / "kept")).fingerprint == odd.fingerprint


def test_one_wrong_date_among_dates_is_named(tmp_path):
    rows = "".join(f"a{k},1,2019100{k % 9 + 1}\n" for k in range(20))
    with pytest.raises(SemcompError, match=r"x\.csv, line 22: timestamp 20191301 is not a date, as most"):
        loaded(tmp_path, "user_id,item_id,time\n" + rows + "b,1,20191301\n")
    mended = "user_id,item_id,time\n" + rows + "b,1,\n"
    assert loaded(tmp_path, mended).interactions["timestamp"].null_count() == 1


def test_times_of_published_parts(tmp_path):
    data = loaded(tmp_path, "user_id,item_id\na,1\na,2\na,3\n")
    head = "user_id,item_id,time\n"
    train = put(tmp_path / "train.csv", head + "a,1,20190101\n a,2,20190102\n")
    split = sc.import_split(data, train=train, test=put(tmp_path / "test.csv", head + "a,3,1569888005000\n"))
    assert split.train.nnz == 2
    assert sc.audit(data, split) is not None


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)))
def test_every_moment_is_found_again(moment):
    moment = moment.replace(microsecond=0)
    seconds = moment.replace(tzinfo=UTC).timestamp()
    clock = Clock()
    clock.see(number := np.array([float(f"{moment:%Y%m%d%H%M%S}")]))
    assert clock.seconds(number).tolist() == [seconds]
    day = np.array([float(f"{moment:%Y%m%d}")])
    assert is_date(day).all()


@given(st.integers(18_000_000, 22_000_000))
def test_which_numbers_are_dates(number):
    text = str(number)
    try:
        np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:]}")
        known = 1900 <= int(text[:4]) <= 2100
    except ValueError:
        known = False
    assert is_date(np.array([float(number)]))[0] == known


def test_a_clock_without_times():
    clock = Clock()
    clock.see(np.array([np.nan, np.inf]))
    assert (clock.unit, clock.mixed, clock.remarks) == ("seconds", False, ())
    clock.see(np.array([0.0]))
    assert clock.unit == "seconds"


# --- messages -------------------------------------------------------------------------------------------


@given(st.text(max_size=2000))
def test_a_message_is_one_line_of_bounded_length(text):
    said = str(SemcompError(text))
    assert len(said) <= LONGEST_MESSAGE
    assert "\n" not in said
    said.encode()


def test_control_characters_are_written_out():
    assert str(SemcompError("\x1b[31mred\x07\nname is gone \n")) == r"\x1b[31mred\x07\nname is gone"


def test_a_value_is_shortened():
    assert shown("a" * 10_000) == "'" + "a" * 66 + "…" + "a" * 33 + "'"
    assert shown(3.5) == "3.5"
    assert shortened("abc") == "abc"
    message = str(SemcompError(f"x.csv, line 3: {'v' * 10_000!r} is wrong; correct it"))
    assert message.startswith("x.csv, line 3: 'vvv")
    assert message.endswith("is wrong; correct it")
    assert len(message) < 150
