"""Tables of ``mappings/`` as one value: ``load`` for those who look up, ``check`` for those who change a table."""

from __future__ import annotations

from adapter.mapping.checks import check, visit_vocabulary
from adapter.mapping.completeness import Needs, needs_of_the_package, visit_fields
from adapter.mapping.loader import Mappings, default_directory, load
from adapter.mapping.spec import DocumentSpec, FhirSectionSpec, SectionSpec

__all__ = [
    "DocumentSpec",
    "FhirSectionSpec",
    "Mappings",
    "Needs",
    "SectionSpec",
    "check",
    "default_directory",
    "load",
    "needs_of_the_package",
    "visit_fields",
    "visit_vocabulary",
]
