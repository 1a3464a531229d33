"""Which children the classes of CDA R2 have, and in which order: the part of the schema that a slip breaks first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

_HL7: Final = "{urn:hl7-org:v3}"
_HEAD: Final = "realmCode typeId templateId"
_TAIL: Final = "performer author informant participant entryRelationship reference precondition"

# Source: HL7 CDA R2 (2005), POCD_MT000040; extensions of other name spaces stand where they like.
_CHILDREN: Final = {
    "ClinicalDocument": (
        f"{_HEAD} id code title effectiveTime confidentialityCode languageCode setId versionNumber copyTime"
        " recordTarget author dataEnterer informant custodian informationRecipient legalAuthenticator authenticator"
        " participant inFulfillmentOf documentationOf relatedDocument authorization componentOf component"
    ),
    "patientRole": f"{_HEAD} id addr telecom patient providerOrganization",
    "assignedAuthor": f"{_HEAD} id code addr telecom assignedPerson assignedAuthoringDevice representedOrganization",
    "assignedEntity": f"{_HEAD} id code addr telecom assignedPerson representedOrganization",
    "associatedEntity": f"{_HEAD} id code addr telecom associatedPerson scopingOrganization",
    "relatedEntity": f"{_HEAD} code addr telecom effectiveTime relatedPerson",
    "representedCustodianOrganization": f"{_HEAD} id name telecom addr",
    "encompassingEncounter": (
        f"{_HEAD} id code effectiveTime dischargeDispositionCode responsibleParty encounterParticipant location"
    ),
    "serviceEvent": f"{_HEAD} id code effectiveTime performer",
    "structuredBody": f"{_HEAD} confidentialityCode languageCode component",
    "section": f"{_HEAD} id code title text confidentialityCode languageCode subject author informant entry component",
    "act": f"{_HEAD} id code text statusCode effectiveTime priorityCode languageCode subject specimen {_TAIL}",
    "encounter": f"{_HEAD} id code text statusCode effectiveTime priorityCode subject specimen {_TAIL}",
    "observation": (
        f"{_HEAD} id code derivationExpr text statusCode effectiveTime priorityCode repeatNumber languageCode value"
        f" interpretationCode methodCode targetSiteCode subject specimen {_TAIL} referenceRange"
    ),
    "observationMedia": f"{_HEAD} id languageCode value subject specimen {_TAIL}",
    "organizer": (
        f"{_HEAD} id code statusCode effectiveTime subject specimen performer author informant participant reference"
        " precondition component"
    ),
    "procedure": (
        f"{_HEAD} id code text statusCode effectiveTime priorityCode languageCode methodCode approachSiteCode"
        f" targetSiteCode subject specimen {_TAIL}"
    ),
    "substanceAdministration": (
        f"{_HEAD} id code text statusCode effectiveTime priorityCode repeatNumber routeCode approachSiteCode"
        f" doseQuantity rateQuantity maxDoseQuantity administrationUnitCode subject specimen consumable {_TAIL}"
    ),
    "supply": (
        f"{_HEAD} id code text statusCode effectiveTime priorityCode repeatNumber independentInd quantity"
        f" expectedUseTime subject specimen product {_TAIL}"
    ),
}
_RANKS: Final = {
    _HL7 + parent: {_HL7 + child: rank for rank, child in enumerate(children.split())}
    for parent, children in _CHILDREN.items()
}
ORDERED: Final = tuple(_RANKS)


def misplaced(element: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    """Each child that its class does not have (True) or that stands after one that it precedes (False)."""
    ranks = _RANKS[element.tag]
    reached = 0
    for child in element:
        tag = child.tag
        rank = ranks.get(tag)
        if rank is None:
            if str(tag).startswith(_HL7):  # comments have no name
                yield child, True
        elif rank < reached:
            yield child, False
        else:
            reached = rank
