"""A Sphinx extension: every SVG figure of a notebook has a dark twin, shown in the theme's dark mode.

What has no hue is turned over: black letters and axes become light, a white ground dark, a light grid dim.
Colours stay, since captions and other figures name them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

SATURATION = 0.12  # below it a colour is taken for a grey
GROUND, INK = 0x12, 0xE8  # what white and black become; the theme's own ground is #121212
_COLOUR = re.compile(r"#([0-9a-f]{6})\b")
_IMAGE = re.compile(r'<img (?P<before>[^>]*?)src="(?P<name>[^"]*_images/[^"]+)\.svg"(?P<after>[^>]*?)/?>')
_CLASS = re.compile(r'class="([^"]*)"')


def darkened(svg: str) -> str:
    """The dark twin of a figure.

    >>> darkened('<svg><path style="fill: #ffffff; stroke: #0072b2"/></svg>')
    '<svg fill="#e8e8e8"><path style="fill: #121212; stroke: #0072b2"/></svg>'
    """
    turned = _COLOUR.sub(lambda found: f"#{_turned(found[1])}", svg)
    return turned.replace("<svg", f'<svg fill="#{INK:02x}{INK:02x}{INK:02x}"', 1)  # black where none is said


def _turned(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    least, most = min(red, green, blue), max(red, green, blue)
    if most - least > SATURATION * 255:
        return colour
    grey = round(INK + (GROUND - INK) * (least + most) / (2 * 255))
    return f"{grey:02x}" * 3


def paired(body: str) -> str:
    """The body of a page with both twins of every figure, of which the theme shows one.

    The theme's own classes for this would hide a caption too; `dark-light` keeps it from dimming the picture.

    >>> paired('<img alt="dots" src="_images/a.svg" />').count("a-dark.svg")
    1
    """

    def twins(found: re.Match[str]) -> str:
        own = " ".join(_CLASS.findall(found[0]))
        before, after = (_CLASS.sub("", found[side]) for side in ("before", "after"))
        return "".join(
            f'<img {before}src="{found["name"]}{ending}.svg"{after.rstrip()} '
            f'class="{f"{own} {shown}".strip()}" loading="lazy"/>'
            for ending, shown in (("", "by-day"), ("-dark", "by-night dark-light"))
        )

    return _IMAGE.sub(twins, body)


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""

    def pair(app: Any, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        if "body" in context:
            context["body"] = paired(context["body"])

    def write(app: Any, exception: Exception | None) -> None:
        for figure in Path(app.outdir, "_images").glob("*.svg"):
            if exception is None and not figure.stem.endswith("-dark"):
                twin = figure.with_name(f"{figure.stem}-dark.svg")
                twin.write_text(darkened(figure.read_text("utf8")), encoding="utf8")

    app.connect("html-page-context", pair)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
