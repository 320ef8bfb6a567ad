"""Worlds whose shared and private parts are known."""

from __future__ import annotations

from semcomp.planted.world import WORLDS, Truth, World

__all__ = ["WORLDS", "Truth", "World"]
