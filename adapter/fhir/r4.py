"""The Bundle as objects of fhir.resources; the only module that knows this library.

Its default package is R5: R4B is taken, whose resources used here have exactly the elements of R4 (compared with
fhir.resources 8.3). It checks shape, not meaning, and prints 4.50 as 4.5: an object must never be serialised in place
of the bytes.
"""

from __future__ import annotations

from fhir.resources.R4B.bundle import Bundle

__all__ = ["Bundle", "as_fhir_resources"]


def as_fhir_resources(data: bytes) -> Bundle:
    """Bundle object (fhir.resources, R4B) of the JSON `data`.

    Raises:
        pydantic.ValidationError: `data` has not the shape of a FHIR R4 Bundle.
    """
    return Bundle.model_validate_json(data)
