"""Document -> FHIR R4 document Bundle: plain dicts, one file per kind of resource, printed once by orjson."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.fhir.bundle import build, render

if TYPE_CHECKING:
    from adapter.fhir.r4 import Bundle

__all__ = ["as_fhir_resources", "build", "render"]


def as_fhir_resources(data: bytes) -> Bundle:
    """Bundle object of fhir.resources (R4B) for the bytes of a Bundle; see ``adapter.fhir.r4``.

    The library is imported at the first call only: it costs a quarter of a second.
    """
    from adapter.fhir.r4 import as_fhir_resources as read

    return read(data)
