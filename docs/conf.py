"""How the pages of this folder become a site: ``python -m sphinx -W -q docs build/docs``."""

from __future__ import annotations

import re
from typing import Any

project = "dmp-adapter"
author = "les auteurs de dmp-adapter"
language = "fr"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
html_theme = "alabaster"
html_theme_options = {"description": "Visites soins palliatifs : CDA, FHIR et DMP", "font_family": "sans-serif"}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
myst_heading_anchors = 3
nitpicky = True


def setup(app: Any) -> None:
    """Links to files beside this folder, which a reader of the repository follows, become downloads of the site."""

    def downloads(app: Any, docname: str, content: list[str]) -> None:
        content[0] = re.sub(r"\]\((\.\./[^)#]+)\)", r"](path:\1)", content[0])

    app.connect("source-read", downloads)
