"""What is printed on a page, taken as a reader would: its blocks, its commands, and its cells run here."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt


def blocks(page: Path, language: str) -> list[str]:
    """What is printed on a page in a language, a block each."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf8"), re.DOTALL | re.MULTILINE)


def commands(block: str) -> list[list[str]]:
    """The commands of a block for the shell, as words."""
    return [shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines() if line]


def run_cells(notebook: Any, parameters: dict[str, object]) -> list[object]:
    """The cells of a notebook one after another, without a kernel; what each of them shows at its end."""
    namespace: dict[str, object] = {}
    shown = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        code = ast.parse(cell.source)
        last = code.body.pop() if code.body and isinstance(code.body[-1], ast.Expr) else None
        exec(compile(code, "cell", "exec"), namespace)
        if last is not None:
            assert isinstance(last, ast.Expr)
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), namespace))
        if "parameters" in cell.metadata.get("tags", []):
            namespace.update(parameters)
    plt.close("all")
    return shown
