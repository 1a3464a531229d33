"""What each access mode allows, asked before anything is sent.

Sources: CNAM, matrices of rights of the DMP, PDT-INF-526 v1.8 (25/09/2024: CPS card, organisation certificates) and
PDT-INF-606 v1.3 (08/07/2025: reinforced indirect authentication, AIR).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from adapter.errors import DmpAccessDenied
from adapter.model.destination import AccessMode

Transaction = Literal[
    "TD0.2", "TD0.3", "TD2.1", "TD3.1a", "TD3.1b", "TD3.2", "TD3.3a", "TD3.3b", "TD3.3c", "TD3.3d"
]  # fmt: skip

CODE: Final = "access-mode"

_EVERYTHING: Final[frozenset[Transaction]] = frozenset(
    {"TD0.2", "TD0.3", "TD2.1", "TD3.1a", "TD3.1b", "TD3.2", "TD3.3a", "TD3.3b", "TD3.3c", "TD3.3d"}
)
# By organisation certificate the act is the structure's: it feeds, finds back and deletes what it fed, and no more.
_BY_STRUCTURE: Final[frozenset[Transaction]] = frozenset({"TD0.2", "TD2.1", "TD3.1b", "TD3.3c"})
_BY_PRO_SANTE_CONNECT: Final = _EVERYTHING - {"TD2.1"}

RIGHTS: Final[Mapping[AccessMode, frozenset[Transaction]]] = {
    "direct": _EVERYTHING,
    "indirect": _BY_STRUCTURE,
    "indirect-reinforced": _BY_PRO_SANTE_CONNECT,
    "air": _BY_PRO_SANTE_CONNECT,
}

_ACTS: Final[Mapping[Transaction, str]] = {
    "TD0.2": "Vérifier l'accès au DMP",
    "TD0.3": "Changer son autorisation d'accès au DMP",
    "TD2.1": "Alimenter le DMP",
    "TD3.1a": "Chercher dans le DMP les documents d'un patient",
    "TD3.1b": "Retrouver un document par son identifiant",
    "TD3.2": "Lire un document du DMP",
    "TD3.3a": "Masquer un document aux professionnels",
    "TD3.3b": "Changer la visibilité d'un document",
    "TD3.3c": "Supprimer un document",
    "TD3.3d": "Archiver un document",
}
_MODES: Final[Mapping[AccessMode, str]] = {
    "direct": "l'authentification directe (carte CPS)",
    "indirect": "l'authentification indirecte (certificats de la structure)",
    "indirect-reinforced": "l'authentification indirecte renforcée",
    "air": "l'authentification indirecte renforcée (Pro Santé Connect)",
}


def allowed(mode: AccessMode, transaction: Transaction) -> bool:
    """Whether the mode gives a right to the transaction."""
    return transaction in RIGHTS[mode]


def require(mode: AccessMode, transaction: Transaction) -> None:
    """Nothing, when the mode gives a right to the transaction.

    What a mode allows on some documents only (those of its own structure) passes here: the DMP judges it.

    Raises:
        DmpAccessDenied: it does not; nothing was sent. ``code`` is ``access-mode``.
    """
    if allowed(mode, transaction):
        return
    enough = " ou ".join(_MODES[other] for other in ("direct", "indirect", "air") if allowed(other, transaction))
    raise DmpAccessDenied(
        f"{_ACTS[transaction]} ({transaction}) n'est pas permis par {_MODES[mode]} : il y faut {enough}."
        " Rien n'a été envoyé.",
        code=CODE,
    )
