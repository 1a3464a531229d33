"""Rights by access mode: told before anything is sent, in words that say what would be enough."""

from __future__ import annotations

import pytest

from adapter.dmp.xds import access
from adapter.dmp.xds.access import Transaction
from adapter.errors import DmpAccessDenied
from adapter.model.destination import AccessMode

READ: tuple[Transaction, ...] = ("TD3.1a", "TD3.2", "TD3.3a", "TD3.3b", "TD3.3d", "TD0.3")
BY_ANYONE: tuple[Transaction, ...] = ("TD0.2", "TD3.1b", "TD3.3c")
REINFORCED: tuple[AccessMode, ...] = ("air", "indirect-reinforced")


def _refused(mode: AccessMode, transaction: Transaction) -> DmpAccessDenied:
    with pytest.raises(DmpAccessDenied) as fault:
        access.require(mode, transaction)
    return fault.value


@pytest.mark.parametrize("transaction", [*READ, *BY_ANYONE, "TD2.1"])
def test_a_card_opens_everything(transaction: Transaction) -> None:
    access.require("direct", transaction)


@pytest.mark.parametrize("mode", REINFORCED)
def test_nothing_is_fed_by_pro_sante_connect(mode: AccessMode) -> None:
    fault = _refused(mode, "TD2.1")
    assert fault.code == "access-mode"
    assert "Alimenter le DMP (TD2.1) n'est pas permis" in fault.message
    assert "carte CPS" in fault.message
    assert "certificats de la structure" in fault.message
    assert "Rien n'a été envoyé." in fault.message
    for transaction in (*READ, *BY_ANYONE):
        access.require(mode, transaction)


@pytest.mark.parametrize("transaction", READ)
def test_nothing_is_read_by_organisation_certificate(transaction: Transaction) -> None:
    fault = _refused("indirect", transaction)
    assert f"({transaction})" in fault.message
    assert "il y faut l'authentification directe" in fault.message


@pytest.mark.parametrize("transaction", [*BY_ANYONE, "TD2.1"])
def test_a_structure_feeds_finds_back_and_deletes_its_own(transaction: Transaction) -> None:
    access.require("indirect", transaction)
