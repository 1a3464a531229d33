from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.dmp.xdm.notification import Notification, NotificationInvalid, read_notification
from tests.dmp.xdm.notices import OURS, bounce, mdn


def _refused(data: bytes) -> None:
    with pytest.raises(NotificationInvalid) as caught:
        read_notification(data)
    assert [one.rule for one in caught.value.findings] == ["MSS-NOTICE"]


@pytest.mark.parametrize(
    ("disposition", "outcome", "code"),
    [
        ("automatic-action/MDN-sent-automatically; processed", "taken", ""),
        ("manual-action/MDN-sent-manually; displayed", "taken", ""),
        ("manual-action/MDN-sent-automatically;dispatched", "taken", ""),
        ("AUTOMATIC-ACTION/mdn-sent-automatically; PROCESSED", "taken", ""),
        (
            "automatic-action/MDN-sent-automatically; processed/Error: 902^Patient inconnu^messageErrorCondition",
            "refused",
            "902",
        ),
        ("automatic-action/MDN-sent-automatically; processed/error:904^ROUSSEL HELENE", "refused", "904"),
        ("automatic-action/MDN-sent-automatically; processed/error", "refused", ""),
        ("manual-action/MDN-sent-manually; deleted", "refused", "deleted"),
        ("automatic-action/MDN-sent-automatically; failed", "refused", "failed"),
    ],
)
def test_a_disposition_is_read(disposition: str, outcome: str, code: str) -> None:
    found = read_notification(mdn(disposition))
    assert (found.message_id, found.outcome, found.code) == (OURS, outcome, code)


def test_an_error_told_in_a_field_of_its_own_is_read() -> None:
    told = mdn("automatic-action/MDN-sent-automatically; processed/error", "Error: 903^INS absent\r\n")
    assert read_notification(told) == Notification(OURS, "refused", "903")


def test_a_long_field_on_several_lines_is_read() -> None:
    folded = "automatic-action/MDN-sent-automatically;\r\n processed/Error: 905^incomplet"
    assert read_notification(mdn(folded)).code == "905"


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers"])
@pytest.mark.parametrize(
    ("action", "status", "outcome", "code"),
    [
        ("failed", "5.1.1", "refused", "5.1.1"),
        ("Failed", "5.2.2 (mailbox of ROUSSEL is full)", "refused", "5.2.2"),
        ("failed", "nonsense", "refused", ""),
        ("delayed", "4.4.7", "none", ""),
        ("delivered", "2.1.5", "none", ""),
    ],
)
def test_a_delivery_report_is_read(returned: str, action: str, status: str, outcome: str, code: str) -> None:
    found = read_notification(bounce(action, status, returned))
    assert (found.message_id, found.outcome, found.code) == (OURS, outcome, code)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Subject: bonjour\r\n\r\nMerci pour votre envoi.\r\n",
        mdn("automatic-action/MDN-sent-automatically; processed").replace(b"Original-Message-ID", b"X-Other"),
        mdn("automatic-action/MDN-sent-automatically; eaten"),
        mdn("processed"),
        bounce("failed", "5.1.1").replace(b"Message-ID: ", b"X-Message: "),
        bounce("failed", "5.1.1").replace(b"Action", b"Reaction"),
        b"Content-Type: multipart/report; boundary=a\r\n\r\n--a\r\n" * 400,
        b"\xff\xfe\x00" * 100,
    ],
)
def test_what_is_no_notice_is_refused(data: bytes) -> None:
    _refused(data)


def test_a_message_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.dmp.xdm.notification.MAX_BYTES", 10)
    _refused(mdn("automatic-action/MDN-sent-automatically; processed"))


@given(st.data())
def test_damage_anywhere_is_no_traceback(data: st.DataObject) -> None:
    told = data.draw(st.sampled_from([bounce("failed", "5.1.1"), mdn("manual-action/MDN-sent-manually; displayed")]))
    changed = bytearray(told)
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_notification(bytes(changed))
    except NotificationInvalid:
        return
    assert found.message_id.startswith("<")


@given(st.binary(max_size=300))
def test_any_bytes_are_no_traceback(data: bytes) -> None:
    _refused(b"Content-Type: message/disposition-notification\r\n" + data)
