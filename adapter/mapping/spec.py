"""What a document specification says: which type, which sections, in which order."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.model.coded import Coding

WHEN_EMPTY = frozenset({"omit", "state-absence", "refuse"})


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """One section of the CDA body, in reading order.

    Attributes:
        key: our name of the section.
        title: title that the reader sees.
        code: LOINC code of the section.
        template_ids: OIDs printed as ``templateId``, in order.
        parent: key of the section that holds this one, or None at the first level.
        fhir: key of the FHIR section in which the same content is printed.
        when_empty: ``omit``, ``state-absence`` or ``refuse``.
        scales: locals of the table ``scales`` that are printed here.
        source: name of the part of the visit that feeds the section.
        text_template_ids: OIDs that replace ``template_ids`` when the section has no coded entry; empty: the same.
    """

    key: str
    title: str
    code: Coding
    template_ids: tuple[str, ...]
    parent: str | None
    fhir: str
    when_empty: str
    scales: tuple[str, ...]
    source: str
    text_template_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FhirSectionSpec:
    """One section of the FHIR Composition, in reading order."""

    key: str
    title: str
    code: Coding


@dataclass(frozen=True, slots=True)
class DocumentSpec:
    """One kind of document.

    Attributes:
        type: document type (CDA ``code``, XDS typeCode, ``Composition.type``).
        class_: XDS class of the type.
        format: XDS formatCode.
        template_ids: OIDs of the whole document, in order.
        title: title pattern with the slot ``{date}``.
        sections: sections of the CDA body.
        fhir_sections: sections of the Composition.
    """

    type: Coding
    class_: Coding
    format: Coding
    template_ids: tuple[str, ...]
    title: str
    sections: tuple[SectionSpec, ...]
    fhir_sections: tuple[FhirSectionSpec, ...]
