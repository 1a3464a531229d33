"""Judge of FHIR instances by the profiles of package folders.

What it does: for each resource, the profiles it declares and those its place asks for, read from their snapshots:
cardinalities, unknown elements, choices of type, simple values, fixed values and patterns, slicing (by value, pattern,
existence, type, profile), required and extensible bindings when the value set can be listed from the packages,
extension definitions, types, profiles and containment of referenced resources, FHIRPath invariants when fhirpathpy is
installed.

What it does not do: build a snapshot, follow the order of slices or slices of slices, expand filters or systems that
the packages do not hold (those bindings are passed over), judge display names, UCUM, contexts of extensions,
narratives, size and hash of attachments, invariants that the engine cannot run or that have no expression, rules
told in words only (`adapter.validation.fhir_rules` has some). It is a second opinion, not the official validator.
"""

from __future__ import annotations

from pathlib import Path

from adapter.errors import Finding, FindingsError
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH, parse_json
from adapter.validation.fhir_packages.definitions import Definitions, PackageError
from adapter.validation.fhir_packages.instance import Judge
from adapter.validation.fhir_packages.texts import RULES

__all__ = ["RULES", "FhirPackages", "PackageError"]


class FhirPackages:
    """Profiles of package folders, ready to judge instances."""

    def __init__(self, directory: Path) -> None:
        """Read the packages once (about 0.3 s for the French ones).

        Args:
            directory: holds ``NAME/package/*.json``.
        Raises:
            FileNotFoundError: no package there.
            PackageError: a file of a package cannot be used.
        """
        self.definitions = Definitions(directory)

    def check(self, data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> list[Finding]:
        """Every finding on one JSON instance (a Bundle or any resource); an empty list when all is well."""
        try:
            value = parse_json(data, max_bytes=max_bytes, max_depth=max_depth, root="$")
        except FindingsError as fault:
            return list(fault.findings)
        if not isinstance(value, dict):
            value = {}
        kind = value.get("resourceType")
        judge = Judge(self.definitions, value)
        judge.resource(value, kind if isinstance(kind, str) and self.definitions.base(kind) is not None else "$")
        return list(judge.findings.values())
