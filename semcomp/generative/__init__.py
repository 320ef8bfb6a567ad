"""Generative retrieval: a model writes the code of the next item, token by token, along a trie of all codes.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
