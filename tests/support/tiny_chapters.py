"""Chapters that take no time, a book made of them, and what replaces a kernel."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from semcomp.study import notebooks
from semcomp.study.build import make_book

ROOT = Path(__file__).resolve().parents[2]

CHAPTER = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# {title}

```{{code-cell}} ipython3
:tags: [parameters]

{parameters}
```

```{{code-cell}} ipython3
import matplotlib.pyplot as plt
import numpy as np
from myst_nb import glue
from semcomp.study.parameters import check_parameters

p = check_parameters(globals(), {schema})
```

```{{code-cell}} ipython3
values = np.random.default_rng(p.seed).normal(size=50)
glue("mean", float(values.mean()), display=False)
print(f"mean {{values.mean():.4f}}")
```

The mean is {{glue:text}}`mean:.3f`; see {{cite:p}}`wang2026rethinking` on $R^2$.

```{{code-cell}} ipython3
---
mystnb:
  figure:
    caption: Fifty values; dashed is zero.
  image:
    alt: Histogram of fifty values around zero.
---
fig, ax = plt.subplots(figsize=(4, 2))
ax.hist(values)
plt.show()
```
"""


def chapter(title: str, *, schema: str = "dataset=str, budget=str, seed=int", **parameters: object) -> str:
    lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    return CHAPTER.format(title=title, parameters=lines, schema=schema)


DATA_CHAPTER = chapter("Data", dataset="planted", budget="smoke", seed=0)


def write_checkout(folder: Path) -> Path:
    """The project's own configuration, contents page and style around two tiny chapters and a first page."""
    book = folder / "book"
    for part in ("_static", "_templates"):
        shutil.copytree(ROOT / "book" / part, book / part)
    shutil.copy(ROOT / "book" / "references.bib", book)
    shutil.copy(ROOT / "book" / "bibliography.md", book)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    (folder / "pyproject.toml").write_text('[project]\nname = "semcomp"\n', encoding="utf8")
    chapters = "[0-9]*.md", "index.md", "bibliography.md"
    for page in (ROOT / "book").glob("*.md"):
        if not any(page.match(pattern) for pattern in chapters):
            (book / page.name).write_text(f"# {page.stem}\n\nText.\n", encoding="utf8")
    (book / "01_worlds.md").write_text(
        chapter("Worlds", schema="budget=str, seed=int", budget="smoke", seed=1), encoding="utf8"
    )
    (book / "03_data.md").write_text(DATA_CHAPTER, encoding="utf8")
    first = chapter("Start", schema="records=str, seed=int", records=".", seed=2)
    (book / "index.md").write_text(first, encoding="utf8")
    return folder


@pytest.fixture(scope="session")
def tiny_book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Checkout and book root of the tiny book, built for one data set, pages side by side."""
    folder = tmp_path_factory.mktemp("tiny")
    checkout, out = write_checkout(folder / "checkout"), folder / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        make_book(["planted"], budget="smoke", out=out, data_key=str, jobs=2, checkout=checkout)
    return checkout, out


@pytest.fixture
def in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """in_this_process(chapter, parameters): its cells one after another, without a kernel, in `tmp_path`."""

    def run(source: Path, parameters: Mapping[str, object]) -> None:
        notebook, _ = notebooks.read_chapter(source)
        monkeypatch.chdir(tmp_path)
        namespace: dict[str, object] = {}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, source.name, "exec"), namespace)
            if "parameters" in cell.metadata.get("tags", []):
                namespace.update(parameters)

    return run


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Papermill replaced by a recorder; the list names the notebooks that would have been executed."""
    ran: list[str] = []

    def record(notebook: Any, parameters: object, target: Path, label: str) -> Any:
        ran.append(label)
        return notebook

    monkeypatch.setattr(notebooks, "_execute", record)
    return ran
