"""One state behind two wires: what one feeds, the other finds, with the same values, changes and rights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.dmp import FoundEntry
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.xds import dsg, ebxml, queries
from adapter.dmp.xds.client import XdsClient
from adapter.dmp.xds.ebxml import ExtrinsicObject
from adapter.dmp.xds.metadata import document_object, hl7, names
from adapter.errors import DmpAccessDenied, DmpRejected
from tests.dmp import wire
from tests.dmp.simulator.soap.users import Hand, client, original, signer

OID = wire.DOCUMENT.oid
QUERY = "urn:ihe:iti:2007:RegistryStoredQuery"


def _metadata(found: FoundEntry) -> tuple[object, ...]:
    return (
        *(found.unique_id, found.title, found.type, found.class_, found.format, found.mime_type, found.status),
        *(found.archived, sorted(found.masks), found.created, found.service_start, found.hash_sha1, found.size_bytes),
        sorted(one.code for one in found.confidentiality),
    )


def _found(hand: Hand, query: queries.StoredQuery) -> list[ExtrinsicObject]:
    answer = queries.read_answer(hand.ask("registry", queries.build(query), QUERY).payload)
    assert answer is not None
    return [one for one in answer.objects if isinstance(one, ExtrinsicObject)]


def _by_id(unique_id: str) -> queries.StoredQuery:
    return queries.StoredQuery(queries.GET_DOCUMENTS, (queries.any_of("$XDSDocumentEntryUniqueId", [unique_id]),))


def test_what_xds_feeds_pdsm_finds_and_reads(structure: XdsClient, doctor: XdsClient, pdsm: PdsmClient) -> None:
    submission = wire.submission(masks=("INVISIBLE_PATIENT",))
    structure.submit(submission)
    (there,) = pdsm.find(wire.PATIENT, OID)
    (here,) = doctor.find(wire.PATIENT, OID)
    assert _metadata(there) == _metadata(here)
    assert pdsm.read(there) == doctor.read(here) == wire.CDA
    assert [one.unique_id for one in pdsm.search(wire.PATIENT)] == [OID], "the signature is not shown"
    (deposit,) = pdsm.submission_sets(wire.PATIENT)
    assert (deposit.unique_id, len(deposit.entries)) == (submission.set.unique_id, 1)


def test_what_pdsm_feeds_xds_finds_and_reads(doctor: XdsClient, pdsm: PdsmClient) -> None:
    submission = wire.submission()
    pdsm.submit(submission)
    (there,) = pdsm.find(wire.PATIENT, OID)
    (here,) = doctor.find(wire.PATIENT, OID)
    assert _metadata(there) == _metadata(here)
    assert doctor.read(here) == wire.CDA
    (deposit,) = doctor.submission_sets(wire.PATIENT)
    assert (deposit.unique_id, deposit.source_id) == (submission.set.unique_id, submission.set.source_id)
    assert deposit.entries == (f"urn:uuid:{here.entry_uuid}",)


def test_metadata_fed_by_pdsm_come_back_as_xds_would_have_said_them(hand: Hand, pdsm: PdsmClient) -> None:
    submission = wire.submission()
    pdsm.submit(submission)
    (told,) = _found(hand, _by_id(OID))
    (entry,) = submission.entries
    said = document_object(entry, "x", repository=names.DMP_REPOSITORY)
    slots = {one.name: one.values for one in told.slots}
    assert slots == {one.name: one.values for one in said.slots}
    for scheme in (names.TYPE, names.CLASS, names.FORMAT, names.FACILITY, names.PRACTICE_SETTING, names.EVENT):
        codes = [(one.representation, one.slot_value("codingScheme")) for one in told.classified(scheme)]
        assert codes == [(one.representation, one.slot_value("codingScheme")) for one in said.classified(scheme)]
    ((here,), (there,)) = (one.classified(names.AUTHOR) for one in (told, said))
    for name in ("authorPerson", "authorInstitution", "authorSpecialty"):
        assert here.slot(name) == there.slot(name), name
    assert (told.label, told.mime_type) == (said.label, said.mime_type)
    assert hl7.read_cx(told.identifier(names.PATIENT)) == entry.patient_id


def test_metadata_fed_by_xds_come_back_whole(hand: Hand, structure: XdsClient) -> None:
    submission = wire.submission()
    structure.submit(submission)
    (told,) = _found(hand, _by_id(OID))
    said = document_object(submission.entries[0], "x", repository=names.DMP_REPOSITORY)
    assert {one.name: one.values for one in told.slots} == {one.name: one.values for one in said.slots}
    ((here,), (there,)) = (one.classified(names.AUTHOR) for one in (told, said))
    assert here.slots == there.slots, "the role too, of which PDSm says nothing"
    assert (told.status, told.version and told.version.name, told.lid) == (names.APPROVED, "1", told.id)


def test_the_signature_comes_back_on_xds_and_is_not_shown_elsewhere(
    hand: Hand, structure: XdsClient, pdsm: PdsmClient
) -> None:
    submission = wire.submission()
    structure.submit(submission)
    asked = queries.StoredQuery(
        queries.FIND_DOCUMENTS,
        (
            queries.one("$XDSDocumentEntryPatientId", hl7.cx(wire.PATIENT, "NH")),
            queries.any_of("$XDSDocumentEntryStatus", [names.APPROVED]),
        ),
    )
    classes = [one.classified(names.CLASS)[0].representation for one in _found(hand, asked)]
    assert sorted(filter(None, classes)) == ["10", names.SIGNATURE_CLASS]
    signed = dsg.sign(submission, signer(hand.running, "signature-structure"))
    assert pdsm.find(wire.PATIENT, signed.entries[-1].unique_id) == ()


def test_each_change_gives_a_new_entry_uuid_and_keeps_the_logical_one(
    doctor: XdsClient, structure: XdsClient, pdsm: PdsmClient
) -> None:
    structure.submit(wire.submission(masks=("INVISIBLE_PATIENT",)))
    (first,) = doctor.find(wire.PATIENT, OID)
    shown = doctor.set_mask(wire.PATIENT, OID, "INVISIBLE_PATIENT", False)
    archived = doctor.set_archived(wire.PATIENT, OID, True)
    seen = [first, shown, archived]
    assert len({one.entry_uuid for one in seen}) == 3
    assert {one.location for one in seen} == {f"urn:uuid:{first.entry_uuid}"}
    assert [one.version for one in seen] == ["1", "2", "3"]
    (there,) = pdsm.find(wire.PATIENT, OID)
    assert (there.masks, there.archived, there.entry_uuid) == ((), True, archived.entry_uuid)
    pdsm.set_archived(wire.PATIENT, OID, False)
    pdsm.set_mask(wire.PATIENT, OID, "MASQUE_PS", True)
    (again,) = doctor.find(wire.PATIENT, OID)
    assert (again.archived, again.masks, again.version) == (False, ("MASQUE_PS",), "5")


def test_a_masked_document_is_seen_by_its_author_only(running: RunningSimulator, structure: XdsClient) -> None:
    structure.submit(wire.submission(masks=("MASQUE_PS",)))
    assert client(running).find(wire.PATIENT, OID)
    colleague = client(running, user="899700100011")
    assert colleague.find(wire.PATIENT, OID) == ()
    assert list(colleague.search(wire.PATIENT)) == []


@pytest.mark.parametrize("first", ["xds", "pdsm"])
def test_a_correction_by_one_wire_replaces_what_the_other_fed(
    first: str, structure: XdsClient, doctor: XdsClient, pdsm: PdsmClient
) -> None:
    corrected = wire.submission(replaces=True)
    old = corrected.entries[0].replaces
    (structure if first == "xds" else pdsm).submit(original())
    (pdsm if first == "xds" else structure).submit(corrected)
    for found in (doctor.find(wire.PATIENT, old), pdsm.find(wire.PATIENT, old)):
        assert [one.status for one in found] == ["superseded"]
    (new,) = doctor.find(wire.PATIENT, corrected.entries[0].unique_id)
    kinds = [one.type for one in doctor.associations(wire.PATIENT, [new.entry_uuid])]
    assert names.REPLACES in kinds
    assert names.HAS_MEMBER in kinds
    with pytest.raises(DmpRejected):
        structure.submit(replace(corrected, set=replace(corrected.set, unique_id="2.25.77")))


def test_a_deleted_document_is_found_nowhere(doctor: XdsClient, structure: XdsClient, pdsm: PdsmClient) -> None:
    structure.submit(wire.submission())
    structure.delete(wire.PATIENT, OID)
    assert doctor.find(wire.PATIENT, OID) == ()
    assert pdsm.find(wire.PATIENT, OID) == ()
    with pytest.raises(DmpRejected):
        structure.submit(wire.submission())


def test_td02_and_td03(doctor: XdsClient) -> None:
    assert doctor.patient_status(wire.PATIENT).reason == "NON_EXISTE"
    assert doctor.authorise(wire.PATIENT) == "DMPOk"
    assert doctor.patient_status(wire.PATIENT).reason == ""
    with pytest.raises(DmpRejected, match="DMPPatientAccessAlreadyExists"):
        doctor.authorise(wire.PATIENT)
    assert doctor.revoke(wire.PATIENT) == "DMPOk"


@pytest.mark.parametrize(("state", "code"), [("closed", "DMPClosed"), ("absent", "XDSUnknownPatientId")])
def test_a_dmp_that_is_not_open_takes_nothing(
    running: RunningSimulator, structure: XdsClient, state: str, code: str
) -> None:
    from adapter.dmp.simulator.admin import read_patient

    row = read_patient({"ins": wire.PATIENT.value, "root": wire.PATIENT.root, "state": state})
    running.app.state.registry.register_patient(row)
    assert structure.patient_status(wire.PATIENT).state == state
    with pytest.raises(DmpAccessDenied) as refused:
        structure.submit(wire.submission())
    assert refused.value.code == code


def test_an_old_version_of_an_entry_is_still_designated(hand: Hand, doctor: XdsClient, structure: XdsClient) -> None:
    structure.submit(wire.submission())
    (first,) = doctor.find(wire.PATIENT, OID)
    doctor.set_mask(wire.PATIENT, OID, "INVISIBLE_PATIENT", True)
    asked = queries.any_of("$XDSDocumentEntryEntryUUID", [f"urn:uuid:{first.entry_uuid}"])
    (told,) = _found(hand, queries.StoredQuery(queries.GET_DOCUMENTS, (asked,)))
    assert (told.lid, told.id == told.lid) == (f"urn:uuid:{first.entry_uuid}", False)
    assert ebxml.build_object(told) is not None
