"""What Python calls are made with: a small data set, its split, views, rankings and measurements."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import semcomp as sc
from semcomp.evidence.statistics.bootstrap import mean_of
from semcomp.planted import World

WORLD = World(users=60, items=120, dim=3, activity=16.0, sharpness=3.0)


class Bench:
    """Made once per process, each part when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        sc.planted.WORLDS["planted"] = WORLD  # type: ignore[index]
        sc.BUDGETS["smoke"] = replace(  # type: ignore[index]
            sc.BUDGETS["smoke"], epochs=1, patience=1, probe_epochs=1, resamples=10, seeds=(3, 5)
        )

    @cached_property
    def data(self) -> sc.Dataset:
        return WORLD.dataset()

    @cached_property
    def split(self) -> sc.Split:
        return sc.split(self.data, seed=7)

    @cached_property
    def text(self) -> sc.TextMatrix:
        return sc.embed(self.data, "own")

    def view(self, name: str, seed: int) -> sc.View:
        """Drawn vectors, alike for all seeds but for noise."""
        same, draw, split = np.random.default_rng(99), np.random.default_rng(seed), self.split
        shapes = [(n, 5) for n in (split.n_users, split.n_items)]
        sides = [same.standard_normal(shape) + 0.5 * draw.standard_normal(shape) for shape in shapes]
        return sc.View(name, *sides, {"seed": seed}, split.user_ids, split.item_ids)

    @cached_property
    def cf(self) -> sc.View:
        return self.view("cf", 0)

    @cached_property
    def sem(self) -> sc.View:
        return self.view("sem", 1)

    @cached_property
    def other(self) -> sc.View:
        return self.view("other", 2)

    @cached_property
    def a(self) -> sc.TopK:
        return sc.rank(self.cf, self.split, 20)

    @cached_property
    def b(self) -> sc.TopK:
        return sc.rank(self.sem, self.split, 20)

    @cached_property
    def c(self) -> sc.TopK:
        return sc.rank(self.other, self.split, 20)

    @cached_property
    def evidence(self) -> sc.Evidence:
        return sc.diagnose(self.a, self.b, self.split, k=10, null=self.c, resamples=10)

    @cached_property
    def quality(self) -> sc.Evidence:
        return sc.evaluate(self.a, self.split, k=10, resamples=10)

    @cached_property
    def parts(self) -> sc.Evidence:
        return sc.decompose(self.sem, self.cf, settings=sc.DecompositionSettings(19, 3, 10))

    @cached_property
    def value(self) -> sc.Value:
        return sc.Value(0.3, 0.2, 0.4, 0.1, 0.1, 0.3, 50, 0.01, 0.01)

    @cached_property
    def x(self) -> Any:
        return np.random.default_rng(3).standard_normal((120, 4))

    @cached_property
    def y(self) -> Any:
        return self.x + np.random.default_rng(4).standard_normal((120, 4))

    @cached_property
    def joint(self) -> Any:
        return np.array([[0.2, 0.1], [0.3, 0.4]])

    @cached_property
    def columns(self) -> dict[str, Any]:
        return {"m": np.arange(120.0)}

    @cached_property
    def statistics(self) -> dict[str, Any]:
        return {"mean": mean_of("m")}

    @cached_property
    def probing(self) -> sc.ProbeSettings:
        return sc.ProbeSettings(k=5, epochs=5, resamples=10)

    @cached_property
    def measuring(self) -> sc.GeometrySettings:
        return sc.GeometrySettings(5, groups=3, shuffles=1, permutations=19, resamples=10)

    @cached_property
    def probed(self) -> sc.Evidence:
        return sc.probe(self.sem, self.cf, self.split, ceiling=self.other, settings=self.probing)

    @cached_property
    def compared(self) -> sc.Evidence:
        return sc.geometry(self.sem, self.cf, settings=self.measuring)

    @cached_property
    def curve(self) -> pd.DataFrame:
        from semcomp.evidence import capacity_curve

        return capacity_curve(self.sem, self.cf, self.split, settings=self.probing).table

    @cached_property
    def frame(self) -> pd.DataFrame:
        return pd.DataFrame({"kind": ["a", "b"], "value": [0.1, 0.2]})

    @cached_property
    def study(self) -> sc.Study:
        return sc.Study("planted", "smoke", k=10)

    @cached_property
    def tables(self) -> Path:
        """A folder in the standard layout."""
        place = self.folder / "tables"
        if not place.exists():
            sc.data.write_folder(self.data, place)
        return place

    @cached_property
    def files(self) -> dict[str, Path]:
        """Files of pairs, by part."""
        found = {}
        for part in ("train", "valid", "test"):
            rows, columns = getattr(self.split, part).nonzero()
            found[part] = self.folder / f"{part}.inter"
            lines = "".join(f"{u}\t{i}\n" for u, i in zip(rows, columns, strict=True))
            found[part].write_text("user\titem\n" + lines)
        return found
