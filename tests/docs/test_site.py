"""The site builds strictly without network, and every link inside it leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.cli.runs import ROOT, environment

# The command of docs/ci.md, in a process where any socket that leaves the machine is an error.
BUILD = """\
import sys
def refuse(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
        raise SystemExit(f"réseau : {event} {args}")
sys.addaudithook(refuse)
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""
MARKDOWN = (ROOT / "README.md", ROOT / "mappings" / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
EXTERNAL = {"http", "https", "mailto"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built as the page for integration says; skipped loudly without Sphinx, never on the CI."""
    try:
        import myst_parser  # noqa: F401
        import sphinx  # noqa: F401
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("Sphinx ou MyST manque : pip install '.[docs]'.")
        pytest.skip("ATTENTION : Sphinx ou MyST absent, le site n'est pas construit.")
    out = tmp_path_factory.mktemp("site")
    run = subprocess.run(
        [sys.executable, "-c", BUILD, "-W", "-q", "-d", str(out / "trees"), str(ROOT / "docs"), str(out / "html")],
        cwd=out,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return out / "html"


class _Links(HTMLParser):
    """Links and anchors of one page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


def _broken(site: Path) -> tuple[list[str], set[str]]:
    """Internal links of a site that lead nowhere, and its external ones."""
    pages = {page: _Links(page) for page in sorted(site.rglob("*.html"))}
    broken: list[str] = []
    external: set[str] = set()
    for page, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme in EXTERNAL or parts.netloc:
                external.add(link)
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            inside = pages.get(target)
            lost = parts.fragment and inside is not None and parts.fragment not in inside.anchors
            if not target.is_file() or lost:
                broken.append(f"{page.name} -> {link}")
    return broken, external


def test_every_internal_link_leads_somewhere(site: Path) -> None:
    broken, _ = _broken(site)
    assert broken == []


def test_a_planted_broken_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html">x</a><a href="a.html#no">y</a><a href="#ici">z</a><b id="ici">')
    assert _broken(tmp_path)[0] == ["a.html -> b.html", "a.html -> a.html#no"]


def test_external_links_are_few_and_safe(site: Path) -> None:
    """They are collected, never followed: a page that needs the network to be read would be a fault."""
    _, external = _broken(site)
    assert {urlsplit(link).scheme for link in external} <= {"https"}
    loaded = {
        link
        for page in site.rglob("*.html")
        for link in re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text("utf-8"))
    }
    assert loaded == set()


def test_every_page_of_the_folder_is_in_the_site(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= {path.relative_to(site).as_posix() for path in site.rglob("*.html")}


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_of_a_markdown_page_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        parts = urlsplit(link)
        if parts.scheme not in EXTERNAL and parts.path:
            assert (page.parent / unquote(parts.path)).exists(), link
