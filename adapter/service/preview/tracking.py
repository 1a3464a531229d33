"""Parts of the pages that follow what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from adapter.api.sending import settled
from adapter.outbox import Row, State
from adapter.service.preview.labels import STATES
from adapter.service.preview.page import HOME, proof
from adapter.service.preview.session import Session

_STEPS: Final = ("en file", "envoyé", "accepté", "confirmé")
_REACHED: Final = {
    State.QUEUED: 1,
    State.SENDING: 2,
    State.UNKNOWN: 2,
    State.ACCEPTED: 3,
    State.CONFIRMED: 4,
    State.REPLACED: 4,
}
_HELD: Final = frozenset({State.QUEUED, State.BLOCKED, State.REJECTED})
_SENTENCES: Final = {
    State.QUEUED: "Le document est écrit dans la file de ce poste ; il part dès que possible.",
    State.SENDING: "Le document est en cours d'envoi.",
    State.UNKNOWN: "Le DMP n'a pas répondu : le document y est recherché avant tout nouvel envoi.",
    State.ACCEPTED: "Le DMP a accepté le document ; il y est relu pour confirmation.",
    State.CONFIRMED: "Le document a été retrouvé dans le DMP, identique à celui qui a été envoyé.",
    State.REJECTED: "Le DMP a refusé le document.",
    State.BLOCKED: "L'envoi est arrêté ; une personne doit intervenir.",
    State.REPLACED: "Une version plus récente a remplacé ce document.",
    State.WITHDRAWN: "Le document a été retiré de la file ; il n'est pas parti.",
}


def status(row: Row) -> str:
    """Where one deposit is; ``data-settled`` tells the script when to stop asking."""
    done = _REACHED.get(row.state, 0)
    steps = "".join(
        f'<li class="{"done" if rank <= done else "to-come"}"{_current(rank, done)}>{name}</li>\n'
        for rank, name in enumerate(_STEPS, 1)
    )
    why = f"<p>{escape(row.explanation)}</p>\n" if row.explanation else ""
    code = f"<p>Code du DMP : <code>{escape(row.dmp_code)}</code></p>\n" if row.dmp_code else ""
    over = " (essais épuisés)" if row.dead else ""
    return (
        f'<div id="etat" data-settled="{str(settled(row)).lower()}" data-state="{row.state.value}">\n'
        f'<p class="state {_kind(row)}">{escape(STATES[row.state])}{over}</p>\n'
        f"<p>{_SENTENCES[row.state]}</p>\n{why}{code}"
        f'<ol class="steps" aria-label="Étapes">\n{steps}</ol>\n</div>\n'
    )


def _current(rank: int, done: int) -> str:
    return ' aria-current="step"' if rank == done else ""


def _kind(row: Row) -> str:
    if row.dead or row.state in (State.REJECTED, State.BLOCKED):
        return "bad"
    return "good" if row.state in (State.CONFIRMED, State.REPLACED) else "plain"


def choices(row: Row, session: Session) -> str:
    """Buttons for what a person can decide about a deposit that did not get through; empty otherwise."""
    found = []
    if row.dead or (row.state in _HELD and (row.attempts or row.state is not State.QUEUED)):
        found.append(f'<button formaction="{HOME}/envois/{row.id}/rejeu">Rejouer maintenant</button>')
    if row.state in _HELD:
        found.append(f'<button formaction="{HOME}/envois/{row.id}/retrait">Retirer de la file</button>')
    if not found:
        return ""
    return (
        f'<form id="choix" data-state="{row.state.value}" method="post">{proof(session)}'
        f'<p class="actions">{" ".join(found)}</p></form>\n'
    )


def facts(row: Row) -> str:
    """What is known of one deposit, without anything of the patient."""
    rows = [
        ("Numéro", str(row.id)),
        ("Destination", f"{row.destination} ({row.endpoint})" if row.endpoint else row.destination),
        ("Mis en file", _at(row.created_at)),
        ("Document", ", ".join(row.unique_ids)),
        ("Taille", f"{row.size_bytes} octets"),
    ]
    return (
        '<dl class="facts">\n' + "".join(f"<dt>{term}</dt><dd>{escape(told)}</dd>\n" for term, told in rows) + "</dl>\n"
    )


def table(rows: Sequence[Row]) -> str:
    """Deposits, the last one first."""
    if not rows:
        return "<p>Aucun envoi dans la file.</p>\n"
    lines = "".join(
        f'<tr><td><a href="{HOME}/envois/{row.id}">n° {row.id}</a></td>'
        f'<td><span class="state {_kind(row)}">{escape(STATES[row.state])}</span></td>'
        f"<td>{escape(row.destination)}</td><td>{_at(row.created_at)}</td><td>{escape(row.explanation)}</td></tr>\n"
        for row in rows
    )
    return (
        '<table>\n<thead><tr><th scope="col">Envoi</th><th scope="col">État</th><th scope="col">Destination</th>'
        '<th scope="col">Mis en file</th><th scope="col">Précisions</th></tr></thead>\n'
        f"<tbody>\n{lines}</tbody>\n</table>\n"
    )


def _at(moment: datetime) -> str:
    return moment.astimezone().strftime("%d/%m/%Y à %H:%M:%S")
