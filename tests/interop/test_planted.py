"""Every planted fault is seen by a judge that stands on the way to the DMP, and the page tells it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from adapter.dmp.simulator import serve
from adapter.dmp.xds.client import XdsClient
from adapter.errors import DmpError, DmpRejected, Severity
from adapter.validation.self_check import check_pair
from tests.dmp.simulator.soap import users
from tests.interop import planted_table
from tests.interop.planted import CDA_FAULTS, FHIR_FAULTS, planted_bundles, planted_documents
from tests.interop.planted_judges import feed
from tests.interop.planted_own import Column, accepted_when_sound, own_columns, sound
from tests.interop.planted_xds import MESSAGE_FAULTS, SUBMISSION_FAULTS, planted_submissions
from tests.interop.run import PAGE


@pytest.fixture(scope="module")
def columns() -> list[Column]:
    return own_columns()


@pytest.fixture(scope="module")
def xds() -> Iterator[XdsClient]:
    with serve(tls=True) as running:
        yield users.client(running)


def _refused(cda: bytes, bundle: bytes) -> bool:
    return any(f.severity is Severity.ERROR for f in check_pair(cda, bundle))


def test_nothing_is_said_before_anything_is_planted() -> None:
    assert accepted_when_sound()
    cda, bundle, _ = sound()
    assert not _refused(cda, bundle)


def test_there_are_as_many_faults_as_were_promised() -> None:
    assert len(FHIR_FAULTS) >= 20
    assert len(CDA_FAULTS) >= 15
    assert len(SUBMISSION_FAULTS) >= 15
    assert len(MESSAGE_FAULTS) >= 15


def test_every_fault_is_seen_by_one_of_ours(columns: list[Column]) -> None:
    assert planted_table.unseen_by_ours(columns) == []


def test_what_the_page_tells_of_our_judges_is_what_they_see(columns: list[Column]) -> None:
    shown = planted_table.columns_of(PAGE.read_text("utf-8"))
    assert [one for one in shown if (one.family, one.judge) in planted_table.OWN] == columns
    foreign = {(one.family, one.judge) for one in shown} - planted_table.OWN
    assert {("FHIR", "HAPI"), ("CDA", "XSD"), ("XDS", "IPF")} <= foreign


def test_a_fault_in_the_bundle_is_seen_before_it_leaves() -> None:
    cda, bundle, _ = sound()
    for name, planted in planted_bundles(orjson.loads(bundle)):
        assert _refused(cda, orjson.dumps(planted)), name


def test_a_fault_in_the_cda_is_seen_before_it_leaves() -> None:
    cda, bundle, _ = sound()
    for name, planted in planted_documents(cda):
        assert _refused(planted, bundle), name


def test_metadata_past_our_judge_are_refused_by_the_simulator(xds: XdsClient) -> None:
    """The road that the run takes to ask foreign registries carries what was planted, and nothing else."""
    _, _, deposit = sound()
    (change,) = [one.change for one in MESSAGE_FAULTS if one.name == "la classe manque"]
    with pytest.raises(DmpError):
        feed(xds, deposit, change)
    feed(xds, deposit, lambda message: message)


def test_our_own_client_sends_nothing_of_a_message_that_lacks_something(xds: XdsClient) -> None:
    _, _, deposit = sound()
    planted = dict(planted_submissions(deposit))["un uniqueId deux fois dans le lot"]
    with pytest.raises(DmpRejected) as refused:
        xds.submit(planted)
    assert refused.value.code == "xds-metadata"


def test_a_table_is_read_as_it_was_written_and_tells_what_nobody_of_ours_sees() -> None:
    ours = Column("FHIR", "règles", frozenset({"une"}), frozenset({"deux", "trois"}))
    also = Column("FHIR", "accord", frozenset({"deux"}), frozenset())
    theirs = Column("FHIR", "HAPI", frozenset({"trois"}), frozenset({"une", "deux"}))
    page = f"avant\n{planted_table.BEGIN}\nvieux\n{planted_table.END}\naprès\n"
    text = planted_table.within(page, planted_table.tables([ours, also, theirs]))
    assert planted_table.columns_of(text) == [ours, also, theirs]
    assert "vieux" not in text
    assert text.startswith("avant")
    assert text.endswith("après\n")
    assert planted_table.unseen_by_ours([ours, also, theirs]) == ["FHIR trois"]
    with pytest.raises(ValueError, match="place"):
        planted_table.within("rien", "")
