"""Tables of ``mappings/`` as one value: ``load`` for those who look up, ``check`` for those who change a table."""

from __future__ import annotations

from adapter.mapping.checks import check, visit_vocabulary
from adapter.mapping.loader import Mappings, default_directory, load
from adapter.mapping.spec import DocumentSpec, FhirSectionSpec, SectionSpec

__all__ = [
    "DocumentSpec",
    "FhirSectionSpec",
    "Mappings",
    "SectionSpec",
    "check",
    "default_directory",
    "load",
    "visit_vocabulary",
]
