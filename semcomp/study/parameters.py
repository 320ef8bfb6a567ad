"""A chapter's parameters: read from its source, and checked against what the chapter says they are.

The names and types are stated once, by the chapter. They are looked at twice: by the runner, before a kernel
is started, and by the cell after the parameters, which also covers a chapter that is run by hand or by
papermill alone.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, MutableMapping
from dataclasses import make_dataclass
from types import ModuleType
from typing import Any

from semcomp.checks import checked
from semcomp.errors import SemcompError, unknown_name

#: Names that IPython puts into a notebook's namespace itself.
_IPYTHON = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open", "display"})
#: Left in the namespace by the first check; after it the chapter's own variables live there too.
_CHECKED = "_semcomp_parameters_checked"

Rule = type | tuple[Any, ...]


def check_value(name: str, value: object, rule: Rule) -> None:
    """Raise SemcompError unless `value` is of the type `rule`, or one of its values where `rule` is a tuple.

    An int passes for a float; a bool passes for neither.
    """
    if isinstance(rule, tuple):
        if not any(type(value) is type(choice) and value == choice for choice in rule):
            choices = ", ".join(repr(choice) for choice in rule)
            raise SemcompError(
                f"parameter {name} = {value!r} ({type(value).__name__}) must be one of {choices}"
            )
        return
    fits = type(value) is int if rule is int else isinstance(value, rule)
    if rule is float:
        fits = type(value) in (int, float)
    if not fits:
        raise SemcompError(
            f"parameter {name} = {value!r} is of type {type(value).__name__}; it must be {rule.__name__}"
        )


@checked
def check_parameters(namespace: MutableMapping[str, Any], /, **schema: Rule) -> Any:
    """The parameters of a chapter, checked, as one frozen object with an attribute for each.

    Called right after the parameters' cell: `p = sc.check_parameters(globals(), dataset=str, seed=int)`.
    At that point everything in the namespace is a parameter, an import or IPython's own, so any other name is
    one that the chapter does not know, usually a misspelt one. (No parameter is a module or can be called, so
    those are passed over.) When the cell is run again later in the same
    namespace, the chapter's variables are there too; then only the schema's own names are looked at.

    Args:
        namespace: the notebook's `globals()`.
        schema: for each parameter its type, or a tuple of the values allowed.

    Raises:
        SemcompError: an unknown name, a missing parameter, or a value that does not fit; one line.

    >>> p = sc.check_parameters({"seed": 1}, seed=int)
    >>> p.seed
    1
    """
    if _CHECKED not in namespace:
        for name, value in namespace.items():
            ours = name in schema or name in _IPYTHON or name.startswith("_")
            if not ours and not isinstance(value, ModuleType) and not callable(value):
                raise unknown_name("parameter", name, schema)
    for name, rule in schema.items():
        if name not in namespace:
            raise SemcompError(
                f"parameter {name} is missing; give it a value in the cell tagged 'parameters'"
            )
        check_value(name, namespace[name], rule)
    namespace[_CHECKED] = True
    checked = make_dataclass("Parameters", list(schema), frozen=True)
    return checked(**{name: namespace[name] for name in schema})


def parameter_defaults(cell: str, chapter: str) -> dict[str, Any]:
    """Names and default values in the text of a chapter's `parameters` cell.

    The cell may hold assignments of plain literals only, so that it can be read without being run.

    Raises:
        SemcompError: the cell holds anything else.
    """
    defaults: dict[str, Any] = {}
    try:
        for statement in ast.parse(cell).body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target: ast.expr = statement.targets[0]
            elif isinstance(statement, ast.AnnAssign):
                target = statement.target
            else:
                raise ValueError
            if not isinstance(target, ast.Name) or statement.value is None:
                raise ValueError
            defaults[target.id] = ast.literal_eval(statement.value)
    except (SyntaxError, ValueError) as error:
        raise SemcompError(
            f"{chapter}: the parameters cell may hold plain assignments only (name = literal, one per line)"
        ) from error
    return defaults


def check_against_defaults(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raise SemcompError where a given parameter is unknown or of another type than its default.

    A default of None says nothing about the type, so anything passes.
    """
    for name, value in given.items():
        if name not in defaults:
            raise unknown_name("parameter", name, defaults)
        if defaults[name] is not None:
            check_value(name, value, type(defaults[name]))
