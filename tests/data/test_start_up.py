"""What importing the room costs: packages that only some uses need arrive with those."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import semcomp

SLOW = {"polars", "torch", "pandas", "sklearn", "requests", "pyarrow", "matplotlib", "optuna"}
# the room alone, without what the face of the package imports
ALONE = """
import sys, types
package = types.ModuleType("semcomp")
package.__path__ = [sys.argv[1]]
sys.modules["semcomp"] = package
import semcomp.data
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_importing_the_room_imports_nothing_slow():
    folder = str(Path(semcomp.__file__).parent)
    run = subprocess.run([sys.executable, "-c", ALONE, folder], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "semcomp" in loaded
    assert not loaded & SLOW
