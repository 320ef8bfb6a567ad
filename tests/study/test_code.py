"""What made a number: a digest of what code does, and views that are kept under it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from semcomp.core.view import View
from semcomp.study.artifacts import cached_view
from semcomp.study.code import code_digest, has_code, modules_of
from semcomp.views import LightGCN
from semcomp.views.registry import REGISTRY
from semcomp.views.training import Training
from semcomp.views.training.losses import SampledSoftmax


class TestCode:
    """A digest of what a module reaches: not of words, layout, or what it does not import."""

    @pytest.fixture
    def package(self, tmp_path, monkeypatch):
        files = {
            "views/training/selection.py": "from semcomp.kernels.topk import best\n",
            "kernels/topk.py": "def best():\n    return 1\n",
            "views/one.py": "from semcomp.views import shared\nfrom semcomp.data import Split\n",
            "views/__init__.py": "",
            "views/shared.py": "import semcomp.kernels.deep\nX = 1\n",
            "kernels/deep.py": "Y = 1\n",
            "views/other.py": "Z = 1\n",
            "data/__init__.py": "W = 1\n",
        }
        for name, body in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(body)
        monkeypatch.setattr("semcomp.study.code._PACKAGE", tmp_path)

        def digest(name=None, body=None):
            if name:
                (tmp_path / name).write_text(body)
            return code_digest("semcomp.views.one")

        return digest

    def test_a_comment_retrains_nothing(self, package, cache):
        """A view in the cache is made again for other code that it reaches, and for nothing else."""
        made = []

        def make(checkpoint):
            made.append(1)
            return View("one", np.ones((2, 1)), np.ones((3, 1)))

        def asked():
            cached_view({}, make, modules=["semcomp.views.one"])
            return len(made)

        assert package()
        assert asked() == 1
        words = '"""Other words."""\nimport semcomp.kernels.deep\n\n# a comment\nX = 1  # another\n'
        assert package("views/shared.py", words)
        assert asked() == 1
        assert package("views/shared.py", "import semcomp.kernels.deep\nX = 2\n")
        assert asked() == 2

    def test_a_model_of_another_package_counts_with_what_it_imports(self, package, tmp_path, monkeypatch):
        file = tmp_path / "elsewhere.py"
        file.write_text("from semcomp.views import shared\n")
        monkeypatch.setitem(sys.modules, "elsewhere", SimpleNamespace(__file__=str(file)))
        first = code_digest("elsewhere")
        (tmp_path / "kernels/deep.py").write_text("Y = 2\n")
        second = code_digest("elsewhere")
        file.write_text("from semcomp.views import shared\nA = 1\n")
        assert len({first, second, code_digest("elsewhere")}) == 3
        assert not has_code("elsewhere")  # written since this process began
        for path in tmp_path.rglob("*.py"):
            os.utime(path, (0, 0))
        assert has_code("elsewhere")
        assert not has_code("elsewhere", "nowhere")
        assert not has_code("__main__")  # a session goes on after its script

    def test_the_users_own_files_are_followed(self, package, tmp_path, monkeypatch):
        """Beside the model's file, in its package, and not imported before the model is fitted."""
        home = tmp_path / "home"
        files = {
            "mine/__init__.py": "",
            "mine/model.py": "from .layers import depth\n\ndef fit():\n    import beside\n",
            "mine/layers.py": "def depth():\n    return 1\n",
            "beside.py": "X = 1\nimport json\nimport numpy as np\n",
            "unrelated.py": "Z = 1\n",
            "whole.py": "import semcomp as sc\n",
        }
        for name, body in files.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(body)
        (tmp_path / "__init__.pyi").write_text("from semcomp.views.shared import X as X\n")
        monkeypatch.syspath_prepend(str(home))

        def changes(name, body, module="mine.model"):
            path = name if isinstance(name, Path) else home / name
            before = code_digest(module)
            path.write_text(body)
            return code_digest(module) != before

        assert not changes("unrelated.py", "Z = 2\n")
        assert not changes("mine/layers.py", "def depth():\n    # why\n    return 1\n")
        assert changes("mine/layers.py", "def depth():\n    return 2\n")
        assert changes("beside.py", "X = 2\n")
        assert "beside" not in sys.modules
        assert changes(tmp_path / "kernels/deep.py", "Y = 2\n", "whole")

    def test_options_count_with_their_code(self):
        """A model of this package with a loss of the user's own, which is in a cell of a notebook."""

        @dataclass(frozen=True)
        class Mine(SampledSoftmax):
            rate: float = 0.1

        Mine.__module__ = "__main__"
        model = LightGCN(training=Training(loss=Mine()))
        assert modules_of(model)[0] == LightGCN.__module__
        assert not has_code(*modules_of(model))
        assert has_code(*modules_of(LightGCN()))

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("views/shared.py", '"""Words."""\nimport semcomp.kernels.deep  # why\n\n\nX   = (1)\n'),
            ("kernels/topk.py", 'def best():\n    """Words."""\n    return 1\n'),
            ("views/other.py", "Z = 2\n"),
            ("data/__init__.py", "W = 2\n"),
        ],
    )
    def test_it_stays(self, package, name, body):
        assert package() == package(name, body)

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("views/shared.py", "import semcomp.kernels.deep\nX = 2\n"),
            ("kernels/deep.py", "Y = 2\n"),
            ("kernels/topk.py", "def best():\n    return 2\n"),
            ("views/one.py", "from semcomp.views import shared\n"),
        ],
    )
    def test_it_changes(self, package, name, body):
        assert package() != package(name, body)

    def test_real_modules_are_told_apart(self):
        modules = {type(known.model).__module__ for known in REGISTRY.values()}
        assert len({code_digest(module) for module in modules}) == len(modules)
