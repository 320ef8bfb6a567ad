"""Hostile calls from Python: each public function, class and method with one argument wrong or odd."""

from __future__ import annotations

import importlib
import inspect
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import semcomp as sc
from tests.attack import forks, series
from tests.attack.bench import Bench
from tests.attack.goods import UNREADY, good, target
from tests.attack.hostile import Hostile, hostile, must_refuse
from tests.attack.judge import Outcome, wrong_message

ROOMS = ("", ".data", ".text", ".views", ".evidence", ".planted", ".plots", ".study")
SECONDS = 5  # of one call
#: Classes whose objects a measurement returns: nobody makes them by hand.
LOOSE = ("Value", "Evidence")  # what a measurement gives; by hand they hold what one likes
SLOW = ("evidence.published_probe",)  # trains for 400 epochs, whatever is asked
RETURNED = [
    "Source",
    "Step",
    "Place",
    "NamedSource",
    "Audit",
    "BgeOutputs",
    "TextStatistics",
    "Run",
    "Rows",
    "Comparison",
    "Difference",
    "Report",
    "MultiViewDiagnosis",
    "CCA",
    "SharedDimension",
    "Ridge",
    "Parts",
    "Hypothesis",
    "Discordance",
    "Permuted",
    "Statement",
    "Verdict",
    "Truth",
    "Ceilings",
    "AlignmentLoss",
    "Budget",
]


def names() -> list[str]:
    """Public functions and classes of all rooms, each once, and public methods of classes of `semcomp`."""
    found: dict[int, str] = {}
    for room in ROOMS:
        module = importlib.import_module(f"semcomp{room}")
        for name in module.__all__:
            one = getattr(module, name)
            if not callable(one) or (
                inspect.isclass(one) and (issubclass(one, Exception) or getattr(one, "_is_protocol", False))
            ):
                continue
            full = f"{room[1:]}.{name}".lstrip(".")
            if id(one) in found or name in RETURNED or full in SLOW:
                continue
            found[id(one)] = full
            if inspect.isclass(one) and room == "":
                for key, member in vars(one).items():
                    if inspect.isfunction(getattr(member, "__func__", member)) and not key.startswith("_"):
                        found[id(member)] = f"{full}.{key}"
            if inspect.isclass(one) and room == ".views" and hasattr(one, "fit"):
                found[id((one, "fit"))] = f"{full}.fit"
    return list(dict.fromkeys(found.values()))


def room(name: str) -> str:
    """Where a name is from: a room, a class of `semcomp` or `semcomp` itself."""
    first, _, rest = name.partition(".")
    return "methods" if rest and first[0].isupper() else first if rest else ""


def some(share: float, seed: int = 0) -> Callable[[list[Call]], list[Call]]:
    """A part of the calls of each name, drawn; the good one is always in it."""

    def pick(found: list[Call]) -> list[Call]:
        drawn = random.Random(f"{seed} {found[0].name}").sample(found[1:], round(share * (len(found) - 1)))
        return [found[0], *drawn]

    return pick


@dataclass(frozen=True)
class Call:
    """One attack on one parameter of one name; `hostile` None is the good call."""

    name: str
    parameter: str
    hostile: Hostile | None
    must: bool

    @property
    def what(self) -> str:
        return f"{self.name}({self.parameter}={self.hostile.name})" if self.hostile else f"{self.name}()"


def calls(name: str, bench: Bench) -> list[Call]:
    """The good call and all attacks on its parameters."""
    found = [Call(name, "", None, False)]
    for key, parameter in inspect.signature(target(name, bench)).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        annotation = str(parameter.annotation) if parameter.annotation is not parameter.empty else ""
        found += [
            Call(name, key, one, name not in LOOSE and must_refuse(annotation, one.name))
            for one in hostile(annotation)
        ]
    return found


def attack(
    chosen: Sequence[str], folder: Path, pick: Callable[[list[Call]], list[Call]] = list
) -> Iterator[Outcome]:
    """All calls of each name, or those that `pick` leaves; a name has a process of its own."""

    def of(name: str) -> Callable[[Path], series.Attacks]:
        def attacks(place: Path) -> series.Attacks:
            import matplotlib

            matplotlib.use("Agg")
            bench = Bench(place / "bench")
            for call in pick(calls(name, bench)):
                yield call.what, partial(judged, call, bench)

        return attacks

    for name in chosen:
        yield from series.in_children("Python calls", of(name), folder)


def judged(call: Call, bench: Bench) -> Outcome:
    kind = "good Python calls" if call.hostile is None else "Python calls"
    given = good(call.name, bench)
    act = target(call.name, bench)
    if call.hostile is not None:
        given[call.parameter] = call.hostile.of(bench)

    try:
        with (
            forks.limited(SECONDS if call.hostile else 4 * SECONDS),
            warnings.catch_warnings(record=True) as told,
        ):
            warnings.simplefilter("always")
            parameters = inspect.signature(act).parameters
            alone = [key for key, one in parameters.items() if one.kind is one.POSITIONAL_ONLY]
            first = [given.pop(key) for key in alone if key in given]
            act(*first, **given)
    except sc.SemcompError as error:
        right = call.hostile is None and call.name not in UNREADY
        cause = "refused, though it is right" if right else wrong_message(str(error))
        return Outcome(
            kind, call.what, "wrong" if cause else "refused", cause, str(error)[:300] if cause else ""
        )
    except forks.TooLong:
        return Outcome(kind, call.what, "wrong", "does not end in time")
    except MemoryError as error:
        return Outcome(kind, call.what, "wrong", "MemoryError", str(error)[:200])
    except BaseException as error:
        where = _where(error)
        return Outcome(
            kind, call.what, "wrong", f"raw {type(error).__name__}", f"{where}: {str(error)[:200]}"
        )
    if any("Complex" in type(one.message).__name__ for one in told):
        return Outcome(kind, call.what, "wrong", "imaginary parts are dropped")
    if call.must:
        return Outcome(kind, call.what, "wrong", "accepted")
    return Outcome(kind, call.what, "right")


def _where(error: BaseException) -> str:
    """The innermost line of the package."""
    found, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "/semcomp/" in file:
            found = f"semcomp/{file.rpartition('/semcomp/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
