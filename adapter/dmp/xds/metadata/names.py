"""Names that XDS gives to metadata: schemes, statuses, relations.

Sources: IHE ITI TF-3, 4.2.3 and 4.2.5 (UUIDs); GIE SESAM-Vitale, DMP vendor package v2.05 (the same, and the French
statuses); IHE ITI TF-2b, 3.57 (update).
"""

from __future__ import annotations

from typing import Final

# Submission set.
SET_NODE: Final = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
SET_AUTHOR: Final = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SET_CONTENT_TYPE: Final = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SET_PATIENT: Final = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SET_SOURCE: Final = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SET_UNIQUE: Final = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
FOLDER_NODE: Final = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"

# Document entry.
STABLE: Final = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
AUTHOR: Final = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
CLASS: Final = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
TYPE: Final = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
FORMAT: Final = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
FACILITY: Final = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
PRACTICE_SETTING: Final = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
CONFIDENTIALITY: Final = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
EVENT: Final = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
PATIENT: Final = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
UNIQUE: Final = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"

IDENTIFIER_LABELS: Final = {
    SET_PATIENT: "XDSSubmissionSet.patientId",
    SET_SOURCE: "XDSSubmissionSet.sourceId",
    SET_UNIQUE: "XDSSubmissionSet.uniqueId",
    PATIENT: "XDSDocumentEntry.patientId",
    UNIQUE: "XDSDocumentEntry.uniqueId",
}

APPROVED: Final = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED: Final = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
ARCHIVED: Final = "urn:asip:ci-sis:2010:StatusType:Archived"
DELETED: Final = "urn:asip:ci-sis:2010:StatusType:Deleted"

HAS_MEMBER: Final = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
REPLACES: Final = "urn:ihe:iti:2007:AssociationType:RPLC"
SIGNS: Final = "urn:ihe:iti:2007:AssociationType:signs"
UPDATE_AVAILABILITY: Final = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
ASSOCIATION_OBJECT: Final = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"

# Statuses of visibility beside the confidentiality. Source: TRE_A07.
MASK_OID: Final = "1.2.250.1.213.1.1.4.13"

# Class of the entry that signs a set. Source: DMP vendor package, TD2.1.
SIGNATURE_CLASS: Final = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"

DMP_REPOSITORY: Final = "1.2.250.1.213.4.1.1.1.2"
"""Repository of the DMP in the vendor package; a destination may have another one."""

SET_ID: Final = "SubmissionSet01"
"""Symbolic identifier of the set in a request; the registry gives the final one."""
