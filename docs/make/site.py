"""What MkDocs does beyond its settings, as hooks.

Pages that live elsewhere in the repository join the site; links to files that are not in it leave
their text; formulas become MathML, which a browser draws without a script.
"""

from __future__ import annotations

import html
import posixpath
import re
from typing import TYPE_CHECKING

from latex2mathml.converter import convert
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "examples/compact/README.md": "stories/compact.md",
    "examples/county/README.md": "stories/county.md",
    "examples/state/README.md": "stories/state.md",
}
"""Files of the repository that are pages of the site, and what they are called there."""
STANDS_FOR = {"README.md": "index.md"} | ELSEWHERE
"""Where links to files outside `docs/` lead."""

_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_FORMULA = re.compile(
    r'<(?:span|pre) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</(?:span|pre)>', re.DOTALL
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Leave out the page that a server shows for a page that is not there: there is no server."""
    config.theme.static_templates.discard("404.html")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that live elsewhere."""
    root = posixpath.dirname(config.config_file_path)
    for path, name in ELSEWHERE.items():
        files.append(File.generated(config, name, abs_src_path=posixpath.join(root, path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to pages of the site; of links into the rest of the repository the text stays."""
    name = page.file.src_uri
    homes = {there: path for path, there in ELSEWHERE.items()}
    folder = posixpath.dirname(homes.get(name, f"docs/{name}"))

    def resolved(link: re.Match[str]) -> str:
        text, target, anchor = link.groups()
        path = posixpath.normpath(posixpath.join(folder, target))
        there = STANDS_FOR.get(path, path.removeprefix("docs/"))
        if there == path:
            return str(text)
        return f"[{text}]({posixpath.relpath(there, posixpath.dirname(name) or '.')}{anchor or ''})"

    parts = _FENCE.split(markdown)
    return "".join(
        part if place % 2 else _LINK.sub(resolved, part) for place, part in enumerate(parts)
    )


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn LaTeX into MathML."""

    def drawn(formula: re.Match[str]) -> str:
        delimiter, latex = formula.groups()
        display = "block" if delimiter == "[" else "inline"
        return convert(html.unescape(latex).strip(), display=display)

    return _FORMULA.sub(drawn, content)
