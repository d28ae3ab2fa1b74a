"""The pages' frame: the environment of their templates, their look, and a policy under which nothing else runs."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from schemas.shown_text import in_html

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHead:
    """What stands in a page's head: `page.html.jinja` places it."""

    style: Markup
    script: Markup
    policy: Markup  # Content-Security-Policy: this style, this script and images inside the page, nothing else


def page_head(own_style: Path | None = None, more_policy: str = "") -> PageHead:
    """Make the head of a page. own_style: a file of rules for this page alone; more_policy: directives it needs."""
    style = "".join(path.read_text() for path in (_HERE / "page.css", own_style) if path)
    script = (_HERE / "page.js").read_text()
    directives = (
        "default-src 'none'",
        f"style-src '{_hash_source(style)}'",
        f"script-src '{_hash_source(script)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        *([more_policy] if more_policy else []),
    )
    return PageHead(style=Markup(style), script=Markup(script), policy=Markup("; ".join(directives)))


def template_environment(folder: Path, shown: Callable[[object], object] = in_html) -> jinja2.Environment:
    """Environment of a folder's templates. shown: what a page shows for a value; in HTML it is then escaped."""
    return jinja2.Environment(
        finalize=shown,
        loader=jinja2.FileSystemLoader([folder, _HERE]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=lambda name: name is not None and ".html" in name,
    )


def _hash_source(text: str) -> str:
    """The name by which a content policy allows a style or script inside the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
