"""Where each value of a visit went, and where each piece of a printed form came from: the loss report.

The trace is made off the way of the data, by printing the visit again and again with one thing changed (``evidence``);
``convert`` pays nothing for it. It holds paths and places, never a value of the visit; but the row of a coded value
(``codes/symptoms.csv:12``) tells that value to who has the tables: a trace is kept like the visit it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adapter.api.tracing.report import report
from adapter.api.tracing.scan import Form
from adapter.api.tracing.values import FORMAT, Field, Loss, Node, Trace
from adapter.compose import Options
from adapter.compose import compose as compose_document
from adapter.errors import VisitInvalid
from adapter.mapping import Mappings, load, merged
from adapter.mapping.completeness import read_not_shared
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH, read_json
from adapter.model.reader import check_visit

__all__ = ["FORMAT", "Field", "Form", "Loss", "Node", "Trace", "trace"]


def trace(
    data: bytes | str,
    *,
    options: Options | None = None,
    mappings: Path | Mappings | None = None,
    progress: Callable[[int, int], None] | None = None,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
) -> Trace:
    """Where each value of a visit goes in its three forms, and where each node of these comes from.

    Args:
        data: visit JSON.
        options: issuer and practice setting.
        mappings: folder that replaces the packaged mappings, or mappings already loaded.
        progress: told, as it goes, how many steps are done and of how many.
        max_bytes: refused beyond.
        max_depth: deepest nesting accepted.

    Raises:
        VisitInvalid: the data; every finding, with its JSON path.
        MappingError: the tables.
    """
    visit, found = check_visit(data, max_bytes=max_bytes, max_depth=max_depth)
    if visit is None:
        raise VisitInvalid(found)
    if isinstance(mappings, Mappings):
        tables, files = mappings, merged(None)
    else:
        tables, files = load(mappings), merged(mappings)
    chosen = options or Options()
    compose_document(visit, tables, chosen)  # tells what is missing in the tables, once
    raw, _ = read_json(data.encode() if isinstance(data, str) else data, max_bytes=max_bytes, max_depth=max_depth)
    return report(raw, tables, chosen, read_not_shared(files), progress or (lambda done, total: None))
