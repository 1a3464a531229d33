"""Packages as real senders make them, and as nobody should."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterable
from hashlib import sha1
from typing import Final

LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
PATIENT: Final = "252034410921797^^^&1.2.250.1.213.1.4.10&ISO^NH"
CONTENT: Final = b"<document>made up</document>"

Member = tuple[str | zipfile.ZipInfo, bytes]


def metadata(
    uri: str | tuple[str, ...] | None = "DOC00001.XML",
    content: bytes = CONTENT,
    *,
    told_hash: str | None = "",
    told_size: str | None = "",
    patient: str = PATIENT,
    set_patient: str = PATIENT,
    unique_id: str = "1.2.3.4.5",
) -> bytes:
    """METADATA.XML of one document, written by hand; None leaves a slot out, empty writes what is true."""
    uris = (uri,) if isinstance(uri, str) else uri or ()
    slots = [
        _slot("URI", *uris) if uri is not None else "",
        _slot("hash", told_hash or sha1(content).hexdigest()) if told_hash is not None else "",
        _slot("size", told_size or str(len(content))) if told_size is not None else "",
    ]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<SubmitObjectsRequest xmlns="{LCM}"><RegistryObjectList xmlns="{RIM}">
<ExtrinsicObject id="d" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">
{"".join(slots)}
{_identifier("d", "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427", patient) if patient else ""}
{_identifier("d", "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab", unique_id)}
</ExtrinsicObject>
<RegistryPackage id="s">
{_identifier("s", "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446", set_patient) if set_patient else ""}
</RegistryPackage>
</RegistryObjectList></SubmitObjectsRequest>""".encode()


def _slot(name: str, *values: str) -> str:
    told = "".join(f"<Value>{_escaped(value)}</Value>" for value in values)
    return f'<Slot name="{name}"><ValueList>{told}</ValueList></Slot>'


def _identifier(owner: str, scheme: str, value: str) -> str:
    return (
        f'<ExternalIdentifier id="{owner}{scheme[-3:]}" registryObject="{owner}" identificationScheme="{scheme}"'
        f' value="{_escaped(value)}"><Name/></ExternalIdentifier>'
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def package(described: bytes | None = None, **files: bytes) -> bytes:
    """A sound package; `files` adds some, under names where ``__`` stands for ``/``."""
    more = [(name.replace("__", "/"), content) for name, content in files.items()]
    return archive([*members(metadata() if described is None else described), *more])


def members(described: bytes, subset: str = "IHE_XDM/SUBSET01", content: bytes = CONTENT) -> list[Member]:
    """Files of a sound package."""
    top: list[Member] = [("INDEX.HTM", b"<html/>"), ("README.TXT", b"notice")]
    return [*top, (f"{subset}/METADATA.XML", described), (f"{subset}/DOC00001.XML", content)]


def archive(files: Iterable[Member], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """ZIP of these files, whatever their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as written, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names are the point of some tests
        for name, content in files:
            written.writestr(name, content)
    return out.getvalue()


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The archive with a name changed in both places, to one that no library would write."""
    assert len(old) == len(new)
    assert data.count(old) == 2
    return data.replace(old, new)


def flagged(data: bytes, bits: int) -> bytes:
    """The archive with flag bits set on its first entry, in both places."""
    changed = bytearray(data)
    for offset in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        changed[offset] |= bits & 0xFF
        changed[offset + 1] |= bits >> 8
    return bytes(changed)
