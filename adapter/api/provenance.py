"""Where the documents of a visit come from: which program, which tables, which bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import orjson

from adapter.model.document import Document


def provenance(
    document: Document,
    outputs: Mapping[str, bytes],
    *,
    edition: str,
    software: str,
    version: str,
    replaced: Collection[str] = (),
) -> bytes:
    """JSON that stands beside the outputs of one visit, without any word of it; the same outputs give the same bytes.

    It is not in the documents: a document sent again must have the same bytes for as long as nothing that it shows
    has changed, and most changes of the tables show in few documents.

    Args:
        outputs: bytes by file name.
        edition: edition of the profiles.
        software, version: the program.
        replaced: names of the tables that replaced those of the package.
    """
    told = {
        "document": {
            "id": document.oid,
            "set_id": document.set_oid,
            "version": document.version,
            "outputs": {
                name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
                for name, content in sorted(outputs.items())
            },
        },
        "mappings": {"digest": document.digest, "edition": edition, "replaced": sorted(replaced)},
        "software": {"name": software, "version": version},
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
