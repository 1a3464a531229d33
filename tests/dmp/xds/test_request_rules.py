"""What a registry would refuse in a feed is told before it leaves, on the message."""

from __future__ import annotations

import pytest

from adapter.dmp.xds.metadata import submit_objects
from adapter.dmp.xds.request_rules import RULES, check_request
from adapter.errors import DmpRejected
from tests.dmp import wire
from tests.dmp.xds import dialogue
from tests.interop.planted_xds import MESSAGE_FAULTS, message_of, planted_messages

ENTRY = "urn:uuid:0d5bd7b4-0d4b-4c4e-9b3e-6b6ad5b41a11"


def test_our_messages_are_accepted() -> None:
    deposit = dialogue.Keyless().signed(wire.submission(replaces=True))
    assert (
        check_request(
            submit_objects(deposit, replaced={one.replaces: ENTRY for one in deposit.entries if one.replaces})
        )
        == []
    )


@pytest.mark.parametrize("name", [one.name for one in MESSAGE_FAULTS])
def test_a_planted_fault_is_told_without_any_value(name: str) -> None:
    found = check_request(dict(planted_messages(message_of(wire.submission())))[name])
    assert found
    for one in found:
        assert one.rule in RULES
        assert wire.PATIENT.value not in f"{one.path}{one.message}"


def test_a_feed_that_no_registry_would_take_does_not_leave() -> None:
    deposit = wire.submission()
    unsigned = dialogue.client(credentials=dialogue.Keyless(signs=False))
    with pytest.raises(DmpRejected) as refused:
        unsigned.submit(deposit)
    assert refused.value.code == "xds-metadata"
    assert "XDS-RELATION signs" in refused.value.message
    assert "XDS-RELATION signs" in refused.value.details
