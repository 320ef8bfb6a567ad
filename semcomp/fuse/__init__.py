"""Finished views made one: sums, ranks, experts, gates. Weights are chosen on the validation part.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
