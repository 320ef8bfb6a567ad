"""What made a number: a digest of what code does, and views that are kept under it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from semcomp.core.view import View
from semcomp.study.artifacts import cached_view
from semcomp.study.code import code_digest, has_code
from semcomp.views.registry import REGISTRY


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
            code_digest.cache_clear()
            return code_digest("semcomp.views.one")

        yield digest
        code_digest.cache_clear()

    def test_a_comment_retrains_nothing(self, package, cache):
        """A view in the cache is made again for other code that it reaches, and for nothing else."""
        made = []

        def make(checkpoint):
            made.append(1)
            return View("one", np.ones((2, 1)), np.ones((3, 1)))

        def asked():
            cached_view({}, make, module="semcomp.views.one")
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
        code_digest.cache_clear()
        (tmp_path / "kernels/deep.py").write_text("Y = 2\n")
        second = code_digest("elsewhere")
        code_digest.cache_clear()
        file.write_text("from semcomp.views import shared\nA = 1\n")
        assert len({first, second, code_digest("elsewhere")}) == 3
        assert has_code("elsewhere")
        assert not has_code("nowhere")

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
