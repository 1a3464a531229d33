"""ITI-41, feeding: a deposit as the body of a message and its parts.

Source: IHE ITI TF-2b, 3.41; GIE SESAM-Vitale, DMP vendor package (TD2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from adapter.dmp.xds import ebxml, mtom
from adapter.dmp.xds.ebxml.names import LCM, RIM, XDSB
from adapter.dmp.xds.metadata import submit_objects
from adapter.dmp.xds.metadata.writing import document_ids
from adapter.dmp.xds.request_rules import check_request
from adapter.errors import DmpRejected
from adapter.model.document import Patient
from adapter.submission.values import Submission

_X: Final = f"{{{XDSB}}}"


def provide(submission: Submission, replaced: Mapping[str, str]) -> tuple[etree._Element, list[mtom.Part]]:
    """``xds:ProvideAndRegisterDocumentSetRequest`` and its documents, in the order of the entries.

    Args:
        replaced: uniqueId of a replaced document -> its entryUUID in the registry.

    Raises:
        DmpRejected: metadata that no registry would take (``xds-metadata``).
    """
    objects = submit_objects(submission, replaced=replaced)
    if faults := check_request(objects):
        places = tuple(dict.fromkeys(f"{one.rule} {one.path}" for one in faults))
        message = f"Métadonnées incomplètes ou fausses ({', '.join(places)}) : rien n'a été envoyé."
        raise DmpRejected(message, code="xds-metadata", details=places)
    root = etree.Element(f"{_X}ProvideAndRegisterDocumentSetRequest", nsmap={"xds": XDSB, "lcm": LCM, "rim": RIM})
    root.append(ebxml.build(objects))
    ids = document_ids(submission)
    parts = []
    for entry, content in zip(submission.entries, submission.contents, strict=True):
        own = ids[entry.unique_id]
        held = etree.SubElement(root, f"{_X}Document", {"id": own})
        mtom.include(held, f"{own}@dmp-adapter")
        parts.append(mtom.Part(f"{own}@dmp-adapter", entry.mime_type, content))
    return root, parts


def secrets_of(patient: Patient) -> tuple[str, ...]:
    """What errors must not tell of a patient."""
    found = (
        patient.ins.value if patient.ins else "",
        patient.birth_family,
        *patient.birth_given,
        patient.used_family,
        patient.used_given,
        patient.birth_place_name,
    )
    return tuple(one for one in found if one)
