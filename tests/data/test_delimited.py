"""Delimited text: every cell comes back or the line is named, and what a refusal advises works."""

from __future__ import annotations

import csv
import gzip
import io
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from table_files import put, read

import semcomp as sc
from semcomp.data.formats import QUOTES, open_tables
from semcomp.data.formats.delimited import Delimited
from semcomp.data.formats.header import is_data
from semcomp.data.formats.quotes import stray_mark
from semcomp.data.formats.text import blocks
from semcomp.errors import SemcompError

NASTY = st.text(st.sampled_from("ab7é雪 ,;|\t\"\\\n\r'&"), max_size=7)
ID = st.text(st.sampled_from('ab7é,;"\\ '), min_size=1, max_size=4).filter(str.strip)
ROWS = st.lists(st.tuples(ID, ID, NASTY, NASTY), min_size=1, max_size=6)
HEADER = ("user_id", "item_id", "note", "more")


def written(rows, separator=",", quoting=csv.QUOTE_MINIMAL, end="\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end).writerows([HEADER, *rows])
    return out.getvalue()


@settings(max_examples=80, deadline=None)
@given(
    ROWS,
    st.sampled_from(",\t;|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_every_cell_of_a_csv_comes_back(tmp_path_factory, rows, separator, quoting, end, packed):
    if quoting == csv.QUOTE_MINIMAL:  # the writer leaves a bare CR without marks: then it is a line's end
        rows = [tuple(cell.replace("\r", " ") for cell in row) for row in rows]
    text = "\ufeff" * packed + written(rows, separator, quoting, end)
    raw = text.encode()
    path = put(tmp_path_factory.mktemp("t") / "x.csv", gzip.compress(raw) if packed else raw)
    empty = "" if quoting == csv.QUOTE_ALL else None
    assert read(path).rows() == [tuple(cell or empty for cell in row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ID, ID, NASTY, NASTY), min_size=1, max_size=5), st.data())
def test_one_mark_too_many_or_too_few_is_always_refused(tmp_path_factory, rows, data):
    text = written(rows, quoting=csv.QUOTE_ALL)
    marks = [at for at, character in enumerate(text) if character == '"']
    if data.draw(st.booleans()):
        at = data.draw(st.sampled_from(marks))
        broken = text[:at] + text[at + 1 :]
    else:
        at = data.draw(st.integers(0, len(text) - 1))
        broken = text[:at] + '"' + text[at:]
    path = put(tmp_path_factory.mktemp("t") / "x.csv", broken)
    with pytest.raises(SemcompError, match=r"x\.csv"):  # with the line, but for a header of other names
        read(path)


def escaped(cell: str) -> str:
    """As Spark writes: a backslash in front of a mark, and of the backslashes before it or before the end."""
    return '"' + re.sub(r'(\\*)("|\Z)', lambda m: m[1] * 2 + ('\\"' if m[2] else ""), cell) + '"'


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_every_cell_with_backslashes_comes_back(tmp_path_factory, rows):
    text = "".join(",".join(map(escaped, row)) + "\n" for row in [HEADER, *rows])
    path = put(tmp_path_factory.mktemp("t") / "x.csv", text)
    assert read(path, quotes="backslash").rows() == [tuple(cell or None for cell in row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.text(st.sampled_from('ab "\\,'), min_size=1)] * 3), min_size=1, max_size=5))
@example([(" ", " ", " ")])  # blanks are cells
@example([(" ", " ", " "), ("\\", "\\", "\\")])  # above other rows too
def test_every_cell_comes_back_where_marks_are_text(tmp_path_factory, rows):
    text = "".join("\t".join(row) + "\n" for row in [HEADER[:3], *rows])
    path = put(tmp_path_factory.mktemp("t") / "x.tsv", text)
    assert read(path, quotes="text").rows() == rows


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 22])
def test_marks_are_judged_the_same_in_blocks_of_any_size(tmp_path, monkeypatch, size):
    monkeypatch.setattr("semcomp.data.formats.quotes.blocks", lambda path: blocks(path, size))
    whole = [("u1", "i1", 'a "b", c', ""), ("u2", "i2", 'line\none"', '""')]
    for end in ("\n", "\r\n"):
        good = written(whole, quoting=csv.QUOTE_ALL, end=end)
        assert stray_mark(put(tmp_path / "x.csv", good), ",") is None
        assert stray_mark(put(tmp_path / "x.csv", good.rstrip()), ",") is None
        broken = good + f'u3,i3,"12\\" cut",1{end}'
        found = stray_mark(put(tmp_path / "x.csv", broken), ",")
        assert found is not None
        assert (found.line, found.escaped) == (broken.count("\n"), True)


SPARK = (
    'user_id,item_id,review,rating\nu1,a1,"I loved the 12\\" cut",5\n'
    'u1,b2,"fine, so",4\nu2,c3,"the 7\\" too",3\n'
)
MIXED = 'user_id\titem_id\treview\nu1\ta1\tthe 12" cut\nu1\tb2\t"Heroes" and "Villains"\n'


def advised(error: str) -> str:
    return re.findall(r"quotes='(\w+)'", error)[0]


def test_a_refusal_of_quotes_names_the_line_and_advises_a_reading_that_works(tmp_path):
    path = put(tmp_path / "x.csv", SPARK)
    with pytest.raises(SemcompError, match=r"x\.csv, line 2: the quotes of a cell are wrong") as error:
        read(path)
    frame = read(path, quotes=advised(str(error.value)))
    assert frame["review"].to_list() == ['I loved the 12" cut', "fine, so", 'the 7" too']
    path = put(tmp_path / "x.tsv", MIXED)
    with pytest.raises(SemcompError, match=r"x\.tsv, line 2: a single quote mark inside a cell") as error:
        read(path)
    frame = read(path, quotes=advised(str(error.value)))
    assert frame["review"].to_list() == ['the 12" cut', '"Heroes" and "Villains"']


def test_a_reading_that_would_not_work_is_not_advised(tmp_path):
    path = put(tmp_path / "x.csv", 'user_id,item_id,title\na,1,"Heroes" and "Villains"\nb,2,"one, two"\n')
    with pytest.raises(SemcompError, match=r"line 2: .*double the marks inside it \(\"\"\)$"):
        read(path)


def test_marks_are_not_advised_to_be_text_where_they_are_around_other_cells(tmp_path):
    path = put(tmp_path / "x.csv", 'user_id,item_id,title\na,10,"7"" single"\nb,11,12" single\n')
    with pytest.raises(SemcompError, match=r"line 3: .*double the marks inside it \(\"\"\)$"):
        read(path)
    put(path, path.read_text().replace('12" single', '"12"" single"'))
    assert read(path)["title"].to_list() == ['7" single', '12" single']


@pytest.mark.parametrize("text", [SPARK, MIXED])
def test_a_reading_is_said_to_hold_for_every_file(tmp_path, text):
    with pytest.raises(SemcompError, match=r"\(--quotes \w+\), which holds for every file given$"):
        read(put(tmp_path / "x.csv", text))


def test_quote_marks_are_looked_through_once_for_a_file_that_stays_as_it_is(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "semcomp.data.formats.delimited.stray_mark",
        lambda path, separator: seen.append(path) or stray_mark(path, separator),
    )
    rows = "".join(f"u{k},i{k % 3},{k % 5},{k},note\n" for k in range(30))
    path = put(tmp_path / "x.csv", "user_id,item_id,rating,timestamp,note\n" + rows)
    items = put(tmp_path / "i.csv", 'item_id,title\ni0,"A"\ni1,B\ni2,C\n')
    sc.load_dataset(path, items=items)
    assert sorted(seen) == [items, path]
    put(path, path.read_text() + 'u1,i1,1,1,a "b\n')
    with pytest.raises(SemcompError, match=r"x\.csv, line 32: a single quote mark"):
        read(path)


def test_no_row_is_lost_among_many(tmp_path):
    cells = ['"the 12\\" cut"' if k % 100 == 7 else "fine" for k in range(10_000)]
    text = "user_id,item_id,review,rating\n" + "".join(f"u{k},{k % 3},{c},5\n" for k, c in enumerate(cells))
    path = put(tmp_path / "x.csv", text)
    with pytest.raises(SemcompError, match=r"x\.csv, line 9: "):
        read(path)
    assert read(path, quotes="backslash").height == 10_000


def test_the_reading_of_quotes_is_for_every_face(tmp_path):
    inter = put(tmp_path / "x.csv", SPARK)
    items = put(tmp_path / "i.csv", 'item_id,title\na1,"A \\"b\\" c"\nb2,B\nc3,C\n')
    data = sc.load_dataset(inter, items=items, quotes="backslash")
    assert data.texts == ('A "b" c', "B", "C")
    with pytest.raises(SemcompError, match=r"unknown reading of quotes 'spark'.*backslash, csv, text"):
        sc.load_dataset(inter, items=items, quotes="spark")
    lines = SPARK.splitlines(keepends=True)
    train, test = (put(tmp_path / f"{name}.csv", lines[0] + "".join(rows)) for name, rows in
                   (("train", lines[1:2]), ("test", lines[2:])))  # fmt: skip
    split = sc.import_split(data, train=train, test=test, quotes="backslash")
    assert (split.train.nnz, split.test.nnz) == (1, 2)
    assert list(QUOTES) == ["csv", "backslash", "text"]


def test_what_a_line_is_too_long_for(tmp_path, monkeypatch):
    monkeypatch.setattr("semcomp.data.formats.quotes.LONGEST", 1000)
    monkeypatch.setattr("semcomp.data.formats.quotes.blocks", lambda path: blocks(path, 256))
    path = put(tmp_path / "x.csv", "user_id,item_id\n" + "a,1\n" * 500 + "b" * 2000 + ",2\n")
    kind = Delimited.of(path)
    with pytest.raises(SemcompError, match=r"x\.csv, line 502: longer than"):
        kind.check(path)


def test_a_cell_that_stays_open_is_told_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("semcomp.data.formats.quotes.LONGEST", 1000)
    monkeypatch.setattr("semcomp.data.formats.quotes.blocks", lambda path: blocks(path, 256))
    path = put(tmp_path / "x.csv", 'user_id,item_id\na,"1\n' + "a,1\n" * 500)
    with pytest.raises(SemcompError, match=r"x\.csv, line 2: a cell of more than 16 MiB; close its quotes"):
        Delimited.of(path).check(path)


def test_a_long_cell_is_no_fault(tmp_path):
    path = put(tmp_path / "x.csv", 'user_id,item_id,review\na,1,"' + "long, " * 50_000 + '\\""\n')
    with pytest.raises(SemcompError, match="line 2"):
        read(path)
    put(path, path.read_text().replace('\\""', '\\"so\\""'))
    assert read(path, quotes="backslash")["review"][0].endswith(', "so"')


# --- the first line -------------------------------------------------------------------------------------

BARE = {
    "ratings.csv": ("7,1,2.5,1260759144\n7,2,3.0,1260759179\n8,3,4,1260759182\n", "user,item,rating,time"),
    "twice.csv": ("1,1,2.5,1260759144\n1,2,3.0,1260759179\n", "user_id,item_id,rating,time"),
    "pairs.txt": ("1 6393\n1 13504\n2 14087\n", "user_id item_id"),
    "pairs.tsv": ("u1\tp7\nu2\tp7\nu3\tp9\n", "user_id\titem_id"),
    "words.csv": ("ann,heat\nbob,alien\nann,alien\n", "user_id,item_id"),
    "dates.csv": ("ann,heat,2019-01-02\nbob,alien,2019-02-03\n", "user_id,item_id,time"),
}  # fmt: skip


@pytest.mark.parametrize("name", BARE)
def test_a_first_line_of_data_is_told_and_a_header_line_above_it_helps(tmp_path, name):
    text, header = BARE[name]
    path = put(tmp_path / name, text)
    first = text.splitlines()[0]
    separator = next(s for s in ",\t " if s in first)
    chosen = dict(zip(("user", "item"), first.split(separator), strict=False))
    for columns in (None, chosen) if chosen.get("user") != chosen.get("item") else (None,):
        with pytest.raises(SemcompError, match=rf"{name}, line 1 \(.*looks like data.*put a header line"):
            open_tables(path, columns=columns)
    assert read(put(path, f"{header}\n{text}")).height == text.count("\n")


@pytest.mark.parametrize("quotes", ["csv", "backslash"])
@pytest.mark.parametrize("more", ["", '"5","say ""a, b"" now","x\ny"\n', '"6","unclosed'])
def test_a_first_line_of_data_is_told_where_every_cell_is_in_quotes(tmp_path, quotes, more):
    text = '"1","10","5"\n"2","11","4"\n"2","12","4"\n'
    path = put(tmp_path / "x.csv", text + more)
    with pytest.raises(SemcompError, match=r"x\.csv, line 1 \(.*looks like data.*put a header line"):
        open_tables(path, columns={"user": "1", "item": "10"}, quotes=quotes)
    assert read(put(path, f'"user_id","item_id","rating"\n{text}'), quotes=quotes).height == 3


def test_items_without_a_header(tmp_path):
    ratings = put(tmp_path / "ratings.csv", "user_id,item_id,rating\n7,1,5\n8,2,4\n8,3,4\n")
    text = "1,2003,River of Stone\n2,2004,Second Tale\n3,1997,Moon\n"
    items = put(tmp_path / "movie_titles.csv", text)
    with pytest.raises(SemcompError, match=r"movie_titles\.csv, line 1 .* looks like data.*3 names with ','"):
        sc.load_dataset(ratings, items=items)
    put(items, "item_id,year,title\n" + text)
    assert sc.load_dataset(ratings, items=items).texts[0] == "River of Stone (2003)"


@pytest.mark.parametrize(
    ("first", "below", "data"),
    [
        (["user_id", "x1"], [["u1", "x2"]], False),
        (["who", "what", "2020"], [["u1", "i1", "5"]], True),
        (["who", "what"], [["1", "2"]], False),
        (["0", "1"], [["ann", "heat"]], False),
        (["u17", "B00-X"], [["u3", "B11-X"]], True),
        (["who", "what"], [["ann", "heat"]], False),
        (["who", "what"], [], False),
    ],
)
def test_what_counts_as_data(first, below, data):
    assert is_data(first, below) is data


@pytest.mark.parametrize(
    ("text", "user", "item"),
    [
        ("0,1,2\n1,10,5\n2,11,4\n", "0", "1"),
        ("0,1,2\n1,10,5\n2,11,2\n", "0", "1"),  # a rating may be what its column is called
        ("c0,c1,c2\nu1,i1,x1\nu2,i2,x9\n", "c0", "c1"),
        ("_c0,_c1,_c2\n_u1,_i1,_x1\n_u2,_i2,_x9\n", "_c0", "_c1"),
        ("V1\tV2\na7\tb8\na9\tb8\n", "V1", "V2"),
        ("who,what,tag\nu1,i1,tag\nu2,i2,new\n", "who", "what"),
        ("who,what,2020\nu1,i1,5\nu2,i2,4\n", "who", "what"),
    ],
)
def test_names_that_the_user_gave_make_a_header_of_what_looks_like_data(tmp_path, text, user, item):
    path = put(tmp_path / "x.csv", text)
    with pytest.raises(SemcompError, match="looks like data"):
        open_tables(path)
    frame = read(path, columns={"user": user, "item": item})
    rows = [line.replace("\t", ",").split(",") for line in text.splitlines()[1:]]
    assert frame.select("user_id", "item_id").rows() == [tuple(cells[:2]) for cells in rows]
    items = put(tmp_path / "items.csv", text)
    plain = put(tmp_path / "y.csv", "user_id,item_id\na,1\n")
    tables = open_tables(plain, items=items, columns={"items.item": user})
    assert tables.items is not None
    assert tables.items.frame.collect()["item_id"].to_list() == [cells[0] for cells in rows]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("0,1\n0,2\n1,2\n", {"user": "0", "item": "1"}),
        ("u1,u2\nu1,u3\nu4,u3\n", {"user": "u1", "item": "u2"}),
        ("u17,B00-X\nu3,B11-X\n", {"user": "u17", "item": "B00-X"}),
        ("1,2,3\n2,4,3\n", {"user": "1", "item": "2"}),
        ("ann,heat 2\nann,heat 3\nbob,up\n", {"user": "ann", "item": "heat 2"}),
    ],
)
def test_cells_of_data_that_the_user_took_for_names_are_told(tmp_path, text, columns):
    with pytest.raises(SemcompError, match=r"line 1 \(.*looks like data.*put a header line"):
        open_tables(put(tmp_path / "x.csv", text), columns=columns)


def test_words_in_every_line_leave_both_ways_open(tmp_path):
    path = put(tmp_path / "x.csv", "ann,heat\nbob,alien\n")
    with pytest.raises(SemcompError, match=r"user=ann \(if these are not names but data, put a header line"):
        open_tables(path)


# --- one thing, two names -------------------------------------------------------------------------------


def test_the_id_of_an_item_may_have_two_names(tmp_path):
    plays = put(
        tmp_path / "user_artists.dat", "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n3\t51\t8\n"
    )
    artists = put(
        tmp_path / "artists.dat", "id\tname\turl\n51\tDuran Duran\thttp://x\n52\tMorcheeba\thttp://y\n"
    )
    words: list[str] = []
    for _ in range(2):  # each refusal says one word, and its word leads on
        with pytest.raises(SemcompError) as error:
            sc.load_dataset(plays, items=artists, columns=sc.parse_columns(words))
        words += re.findall(r"for example (\S+=\S+)$", str(error.value))
    assert words == ["item=artistID", "items.item=id"]
    data = sc.load_dataset(plays, items=artists, columns=sc.parse_columns(words))
    assert data.texts == ("Duran Duran", "Morcheeba")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"items.user": "a"}, r"unknown column 'items\.user'"),
        ({"items.item": "a", "items.item_id": "b"}, r"columns give items\.item_id twice, as 'a' and 'b'"),
        (
            {"items.item": "a", "items.title": "a"},
            r"columns give 'a' to both items\.item_id and items\.title",
        ),
        ({"items.item": "user"}, r"unknown column for items\.item_id in .*: 'user'"),
    ],
)
def test_bad_names_for_the_items_alone(tmp_path, columns, message):
    path = put(tmp_path / "x.csv", "user,item\na,1\n")
    items = put(tmp_path / "i.csv", "item_id,title\n1,One\n")
    with pytest.raises(SemcompError, match=message):
        open_tables(path, items=items, columns=columns)


def test_a_name_for_the_items_goes_before_one_for_both(tmp_path):
    path = put(tmp_path / "x.csv", "user,thing\na,1\n")
    items = put(tmp_path / "i.csv", "thing,sku,title\nx,1,One\n")
    tables = open_tables(path, items=items, columns={"item": "thing", "items.item": "sku"})
    assert tables.items is not None
    assert tables.items.frame.collect().to_dicts() == [{"thing": "x", "item_id": "1", "title": "One"}]
