"""A comparison as one page that needs nothing but a browser: no network, no server, no other file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from saddle.report.frames import Frames
from saddle.report.sheet import Sheet
from saddle.report.style import INK

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A figure in a page: `svg` as it was saved, and `alt`, its description for readers who do not see it."""

    svg: str
    alt: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of a page: sheets and figures under one title. The parts in `folded` are closed until one opens them."""

    key: str
    title: str
    words: tuple[str, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    plots: tuple[Plot, ...] = ()
    folded: tuple["Block", ...] = ()
    frames: Frames | None = None


def page(title: str, lead: Sequence[str], blocks: Sequence[Block]) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"inline": _inline, "breakable": _breakable}
    style, script = (Markup((TEMPLATES / name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    template = environment.get_template("page.html")
    return template.render(title=title, lead=lead, blocks=blocks, style=style, script=script)


def _breakable(text: str) -> Markup:
    """A name that a narrow column breaks between its parts, not within them."""
    return Markup(re.sub(r"([_/]|, ?)", r"\1<wbr>", str(Markup.escape(text))))


def _inline(plot: Plot) -> Markup:
    """The figure as a part of the page, in the page's colours and with unique identifiers."""
    svg = plot.svg[plot.svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{plot.key}-\1"', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{plot.key}-", svg)
    svg = svg.replace("#ffffff", "none").replace(INK, "currentColor")
    svg = re.sub(
        r'<svg [^>]*?(viewBox="[^"]+")[^>]*>', rf'<svg \1 role="img" aria-label="{_quoted(plot.alt)}">', svg, count=1
    )
    return Markup(svg)


def _quoted(text: str) -> str:
    return str(Markup.escape(text)).replace("\\", "\\\\")
