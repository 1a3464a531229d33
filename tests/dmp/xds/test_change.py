"""TD3.3 on the XDS wire: masks by a new version of the entry, availability by a relation."""

from __future__ import annotations

from dataclasses import replace

import pytest
import responses

from adapter.dmp.xds import ebxml
from adapter.dmp.xds.ebxml import ObjectRef
from adapter.dmp.xds.metadata import found_entry, names
from adapter.errors import DmpAccessDenied, DmpRejected, OutcomeUnknown
from tests.dmp import wire
from tests.dmp.xds import dialogue
from tests.dmp.xds.dialogue import ENTRY, answer, client, found, registry, stored

OID = wire.DOCUMENT.oid


def sent() -> ebxml.SubmitObjects:
    """Content of the change that was sent."""
    rank = next(
        r for r, one in enumerate(responses.calls) if "UpdateDocumentSet" in one.request.headers["Content-Type"]
    )
    return ebxml.parse(dialogue.payload(rank))


@responses.activate
def test_a_mask_is_put_by_the_whole_entry_and_its_version() -> None:
    unknown = ebxml.slot("urn:test:later", "1", "2")
    before = replace(stored(version="5"), slots=(*stored().slots, unknown))
    answer("registry", found(before))
    answer("registry", registry())
    answer("registry", found(stored("MASQUE_PS", version="6")))
    entry = client().set_mask(wire.PATIENT, OID, "MASQUE_PS", True)
    assert (entry.masks, entry.version) == (("MASQUE_PS",), "6")
    request = sent()
    document, member = request.documents[0], request.associations[0]
    assert (document.id, document.lid, document.status) == ("Document01", ENTRY, names.APPROVED)
    assert found_entry(document).masks == ("MASQUE_PS",)
    assert document.slots == before.slots
    assert {one.classified_object for one in document.classifications} == {"Document01"}
    assert {one.registry_object for one in document.external_identifiers} == {"Document01"}
    assert (member.type, member.source, member.target) == (names.HAS_MEMBER, "SubmissionSet01", "Document01")
    assert (member.slot("SubmissionSetStatus"), member.slot("PreviousVersion")) == (("Original",), ("5",))
    package = request.packages[0]
    assert package.identifier(names.SET_UNIQUE).startswith("2.25.")
    author = before.classified(names.AUTHOR)[0]
    assert package.classified(names.SET_AUTHOR)[0].slots == author.slots


@responses.activate
def test_a_mask_is_lifted_and_the_confidentiality_stays() -> None:
    answer("registry", found(stored("INVISIBLE_PATIENT")))
    answer("registry", registry())
    answer("registry", found(stored()))
    assert client().set_mask(wire.PATIENT, OID, "INVISIBLE_PATIENT", False).masks == ()
    codes = [one.representation for one in sent().documents[0].classified(names.CONFIDENTIALITY)]
    assert codes == ["N"]


@responses.activate
def test_what_is_so_already_is_not_asked_again() -> None:
    answer("registry", found(stored("MASQUE_PS")))
    dmp = client()
    assert dmp.set_mask(wire.PATIENT, OID, "MASQUE_PS", True).masks == ("MASQUE_PS",)
    assert dmp.set_archived(wire.PATIENT, OID, False).archived is False
    assert len(responses.calls) == 2


@responses.activate
def test_both_masks_together_are_refused_before_anything_leaves() -> None:
    answer("registry", found(stored("INVISIBLE_PATIENT")))
    with pytest.raises(DmpRejected) as raised:
        client().set_mask(wire.PATIENT, OID, "MASQUE_PS", True)
    assert raised.value.code == "SUB-MASKS"
    assert len(responses.calls) == 1


@pytest.mark.parametrize("archived", [True, False])
@responses.activate
def test_a_document_is_put_away_and_taken_back(archived: bool) -> None:
    before, after = (names.APPROVED, names.ARCHIVED) if archived else (names.ARCHIVED, names.APPROVED)
    answer("registry", found(stored(status=before)))
    answer("registry", registry())
    answer("registry", found(stored(status=after)))
    assert client().set_archived(wire.PATIENT, OID, archived).archived is archived
    change = sent().associations[0]
    assert (change.type, change.source, change.target) == (names.UPDATE_AVAILABILITY, "SubmissionSet01", ENTRY)
    assert (change.slot_value("OriginalStatus"), change.slot_value("NewStatus")) == (before, after)
    assert sent().documents == ()


@pytest.mark.parametrize("mode", ["direct", "indirect"])
@responses.activate
def test_a_document_is_deleted_logically(mode: str) -> None:
    held = ObjectRef(ENTRY) if mode == "indirect" else stored(status=names.ARCHIVED)
    answer("registry", found(held))
    answer("registry", registry())
    client(mode).delete(wire.PATIENT, OID)  # type: ignore[arg-type]
    change = sent().associations[0]
    before = names.APPROVED if mode == "indirect" else names.ARCHIVED
    assert (change.target, change.slot_value("OriginalStatus")) == (ENTRY, before)
    assert change.slot_value("NewStatus") == names.DELETED
    assert sent().packages[0].classified(names.SET_AUTHOR)[0].slot_value("authorPerson")


@responses.activate
def test_an_entry_that_moved_meanwhile_is_read_again_and_tried_once_more() -> None:
    answer("registry", found(stored(version="1")))
    answer("registry", registry("XDSMetadataVersionError"))
    answer("registry", found(stored(version="2")))
    answer("registry", registry())
    answer("registry", found(stored("MASQUE_PS", version="3")))
    assert client().set_mask(wire.PATIENT, OID, "MASQUE_PS", True).version == "3"
    assert ebxml.parse(dialogue.payload(3)).associations[0].slot("PreviousVersion") == ("2",)


@responses.activate
def test_an_entry_that_moves_all_the_time_is_left_alone() -> None:
    answer("registry", found(stored()))
    answer("registry", registry("XDSMetadataVersionError"))
    answer("registry", found(stored()))
    answer("registry", registry("XDSMetadataVersionError"))
    with pytest.raises(DmpRejected):
        client().set_mask(wire.PATIENT, OID, "MASQUE_PS", True)
    assert len(responses.calls) == 4


@responses.activate
def test_a_change_whose_answer_is_illegible_is_not_known() -> None:
    answer("registry", found(stored()))
    answer("registry", b"--cut", content_type="multipart/related; boundary=cut")
    with pytest.raises(OutcomeUnknown) as raised:
        client().set_archived(wire.PATIENT, OID, True)
    assert raised.value.code == "multipart-boundary"


@responses.activate
def test_a_document_out_of_sight_after_the_change_is_told_as_it_was() -> None:
    answer("registry", found(stored(version="4")))
    answer("registry", registry())
    answer("registry", found())
    entry = client().set_mask(wire.PATIENT, OID, "MASQUE_PS", True)
    assert (entry.masks, entry.version) == ((), "")


@responses.activate
def test_what_the_mode_does_not_allow_never_leaves() -> None:
    dmp = client("indirect")
    with pytest.raises(DmpAccessDenied):
        dmp.set_mask(wire.PATIENT, OID, "INVISIBLE_PATIENT", True)
    with pytest.raises(DmpAccessDenied):
        dmp.set_archived(wire.PATIENT, OID, True)
    with pytest.raises(DmpAccessDenied):
        dmp.authorise(wire.PATIENT)
    assert len(responses.calls) == 0


@responses.activate
def test_a_document_that_is_not_there_is_not_changed() -> None:
    answer("registry", found())
    with pytest.raises(DmpRejected) as raised:
        client().delete(wire.PATIENT, OID)
    assert raised.value.code == "not-found"
