from __future__ import annotations

from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.dmp.xdm.addresses import Recipient, RecipientRefused, TrustSpace, recipients
from tests.dmp import wire
from tests.dmp.xdm.letters import BOX, NURSE

SPACE = TrustSpace(("mssante.fr", "sante.example.org"))
ALL_MASKS = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")


def _whom(*named: str, masks: tuple[str, ...] = (), space: TrustSpace = SPACE) -> tuple[Recipient, ...]:
    document = wire.submission(masks=masks)
    return recipients(named, document.entries, space)


def _rules(*named: str, masks: tuple[str, ...] = (), space: TrustSpace = SPACE) -> list[tuple[str, str]]:
    with pytest.raises(RecipientRefused) as caught:
        _whom(*named, masks=masks, space=space)
    for one in caught.value.findings:
        assert wire.PATIENT.value not in one.message + one.path
    return [(one.rule, one.path) for one in caught.value.findings]


def test_addresses_of_the_trust_space_are_taken_once() -> None:
    assert _whom(NURSE, NURSE.upper(), "a.b@hopital.sante.example.org") == (
        Recipient(NURSE, False),
        Recipient("a.b@hopital.sante.example.org", False),
    )


def test_the_box_of_the_patient_is_made_of_the_ins() -> None:
    assert _whom("patient") == _whom(BOX) == (Recipient(BOX, True),)
    test_space = TrustSpace(("mssante.fr",), "patient.test.mssante.fr")
    assert _whom("patient", space=test_space) == (Recipient(f"{wire.PATIENT.value}@patient.test.mssante.fr", True),)


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("dr.martin@gmail.com", "MSS-DOMAIN"),
        ("dr.martin@mssante.fr.example.com", "MSS-DOMAIN"),
        ("dr.martin@faux-mssante.fr", "MSS-DOMAIN"),
        ("dr.martin@mssante.com", "MSS-DOMAIN"),
        ("dr.martin", "MSS-ADDRESS"),
        ("@mssante.fr", "MSS-ADDRESS"),
        ("dr martin@mssante.fr", "MSS-ADDRESS"),
        ("dr.éveno@mssante.fr", "MSS-ADDRESS"),
        ("a@b@mssante.fr", "MSS-ADDRESS"),
        ("a@mssante.fr\r\nBcc: x@y.fr", "MSS-ADDRESS"),
        ("a@mssante.fr>", "MSS-ADDRESS"),
        ("a.@mssante.fr", "MSS-ADDRESS"),
        (".a@mssante.fr", "MSS-ADDRESS"),
        ("a..b@mssante.fr", "MSS-ADDRESS"),
        (f"{'a' * 65}@mssante.fr", "MSS-ADDRESS"),
        ("a@-x.mssante.fr", "MSS-ADDRESS"),
        ('"a b"@mssante.fr', "MSS-ADDRESS"),
        ("", "MSS-ADDRESS"),
        ("120059741623314@patient.mssante.fr", "MSS-PATIENT-BOX"),
        (f"{wire.PATIENT.value}@patient.autre.mssante.fr", "MSS-PATIENT-BOX"),
    ],
)
def test_another_address_is_refused(address: str, rule: str) -> None:
    assert _rules(address) == [(rule, "destinataire n° 1")]


@pytest.mark.parametrize(
    ("masks", "to_professional", "to_patient"),
    [
        ((), True, True),
        (("INVISIBLE_PATIENT",), True, False),
        (("MASQUE_PS",), False, True),
        (("INVISIBLE_REPRESENTANTS_LEGAUX",), False, True),
    ],
)
def test_masks_decide_who_receives(masks: tuple[str, ...], to_professional: bool, to_patient: bool) -> None:
    for name, allowed in ((NURSE, to_professional), ("patient", to_patient), (BOX, to_patient)):
        if allowed:
            assert len(_whom(name, masks=masks)) == 1
        else:
            assert _rules(name, masks=masks) == [("MSS-VISIBILITY", "destinataire n° 1")]


def _masked(*masks: str, to: str) -> bool:
    """Whether a document under these masks may go to `to`, past what preparing it would refuse."""
    from dataclasses import replace

    entry = wire.submission(masks=("MASQUE_PS",)).entries[0]
    system = entry.confidentiality[1].system
    codes = tuple(replace(entry.confidentiality[1], system=system, code=mask) for mask in masks)
    masked = replace(entry, confidentiality=(entry.confidentiality[0], *codes))
    try:
        return bool(recipients((to,), (masked,), SPACE))
    except RecipientRefused:
        return False


@pytest.mark.parametrize(
    ("masks", "to_professional", "to_patient"),
    [
        (("MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"), False, True),
        (("MASQUE_PS", "INVISIBLE_PATIENT"), False, False),
        (("INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"), False, False),
        (ALL_MASKS, False, False),
        (("UN_AUTRE_MASQUE",), False, False),
    ],
)
def test_a_combination_that_the_table_does_not_hold_goes_to_nobody(
    masks: tuple[str, ...], to_professional: bool, to_patient: bool
) -> None:
    assert (_masked(*masks, to=NURSE), _masked(*masks, to="patient")) == (to_professional, to_patient)


def test_every_refusal_is_told_at_once() -> None:
    found = _rules("x@gmail.com", NURSE, "patient", "y", masks=("INVISIBLE_PATIENT",))
    assert found == [
        ("MSS-DOMAIN", "destinataire n° 1"),
        ("MSS-VISIBILITY", "destinataire n° 3"),
        ("MSS-ADDRESS", "destinataire n° 4"),
    ]


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=20))
def test_an_address_that_is_taken_can_be_written_in_a_message(local: str, label: str) -> None:
    named = f"{local}@{label}.mssante.fr"
    try:
        (one,) = _whom(named)
    except RecipientRefused:
        return
    assert one.address == named.strip()
    assert Address(addr_spec=one.address).addr_spec == one.address


@given(st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,20}@[a-z0-9.-]{1,12}\.mssante\.fr", fullmatch=True))
def test_odd_characters_that_are_taken_can_be_written_too(named: str) -> None:
    try:
        (one,) = _whom(named)
    except RecipientRefused:
        return
    assert Address(addr_spec=one.address).addr_spec == one.address
