"""Why a row waits or is blocked, told by the code of what was found before any call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapter.outbox.values import REASON_TEXTS, Reason, explain

ADAPTER = Path(__file__).resolve().parent.parent.parent / "adapter"
_CODES = re.compile(r'"(certificate-[a-z-]+)"|code="(vihf-[a-z-]+)"')


def _codes(*files: str) -> set[str]:
    """Codes that these modules raise."""
    places = [ADAPTER / name for name in files]
    paths = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*.py")))]
    return {code for path in paths for pair in _CODES.findall(path.read_text("utf-8")) for code in pair}


def test_every_fault_of_a_key_or_of_a_certificate_has_its_own_words() -> None:
    codes = {one for one in _codes("dmp/xds", "dmp/tls.py", "dmp/session.py") if one.startswith("certificate-")}
    assert {"certificate-card", "certificate-own-expired", "certificate-revoked", "certificate-host"} <= codes
    unknown = {code for code in codes if explain(Reason.UNREACHABLE, code) == REASON_TEXTS[Reason.UNREACHABLE]}
    assert unknown == set()


def test_every_refusal_before_a_call_has_its_own_words() -> None:
    codes = {one for one in _codes("dmp/xds") if one.startswith("vihf-")} | {"access-mode"}
    assert {"vihf-user", "vihf-role", "vihf-incomplete"} <= codes
    for code in codes:
        assert explain(Reason.ACCESS_DENIED, code).endswith("rien n'a été envoyé.")
    assert explain(Reason.ACCESS_DENIED, "DMPInvalidCertificate") == REASON_TEXTS[Reason.ACCESS_DENIED]


@pytest.mark.parametrize("dead", [True, False])
def test_a_key_that_cannot_serve_waits_for_a_person(dead: bool) -> None:
    said = explain(Reason.UNREACHABLE, "certificate-own-expired", dead=dead)
    assert said.startswith("Un certificat de la structure a expiré")
    assert said.endswith("à rejouer." if dead else "est prévu.")


@pytest.mark.parametrize("code", ["xds-form", "xds-metadata"])
def test_what_we_refuse_ourselves_is_not_told_as_a_refusal_of_the_dmp(code: str) -> None:
    said = explain(Reason.REFUSED, code)
    assert said.endswith("rien n'a été envoyé.")
    assert "refusé" not in said
    assert explain(Reason.REFUSED, "XDSReplaceFailed") == REASON_TEXTS[Reason.REFUSED]
