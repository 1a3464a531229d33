"""The page for people: patients, documents, history, faults to come. French, no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any, Final

import orjson

from adapter.dmp.simulator import patches
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.registry import Registry, masks_of
from adapter.dmp.simulator.store import DocumentRow, Event, PatientRow
from adapter.validation.fhir_rules.elements import codings, dicts, text_of

SHOWN: Final = 200
_STATES: Final = {"active": "actif", "closed": "fermé", "absent": "absent"}
_MASKS: Final = {
    "MASQUE_PS": "masqué aux professionnels",
    "INVISIBLE_PATIENT": "invisible au patient",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "invisible aux représentants légaux",
}
_STYLE: Final = """
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:80rem;padding:1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2rem}
.tableau{overflow-x:auto}table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:.25rem 0;color:#444}
th,td{border-bottom:1px solid #bbb;padding:.35rem .6rem;text-align:left;vertical-align:top}
th[scope=col]{background:#f0f0f0}code{font-size:.9em;overflow-wrap:anywhere}
.etat{border:1px solid currentColor;border-radius:.3rem;padding:0 .4rem;white-space:nowrap}
.actif{color:#05542f}.ferme{color:#8a1007}.passe{color:#5a4500}.masque{color:#3b2a85}
:focus-visible{outline:3px solid #0a58ca;outline-offset:2px}
@media (prefers-color-scheme:dark){body{background:#161616;color:#eee}th[scope=col]{background:#2a2a2a}
caption{color:#bbb}.actif{color:#7ddba5}.ferme{color:#ff9d94}.passe{color:#ffd66b}.masque{color:#c3b5ff}}
"""


def masked(ins: str) -> str:
    """INS of which only the first and the last two characters show."""
    return f"{ins[:1]}{'•' * max(0, len(ins) - 3)}{ins[-2:]}"


def page(registry: Registry, faults: list[Fault]) -> str:
    """The whole page."""
    with registry.store.reading():
        counts = registry.store.counts()
        patients = registry.store.patients()
        documents = registry.store.documents(SHOWN)
        events = [*registry.store.events(SHOWN), *registry.recent]
    ranks = {row.id: rank for rank, row in enumerate(patients, 1)}
    events.sort(key=lambda event: event.at, reverse=True)
    summary = (
        f"{counts['patients']} patient(s), {counts['current']} document(s) en cours,"
        f" {counts['superseded']} remplacé(s), {counts['deleted']} supprimé(s), {counts['submission_sets']} lot(s)."
    )
    parts = [
        "<!DOCTYPE html><html lang='fr'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'><title>Simulateur de DMP</title>",
        f"<style>{_STYLE}</style></head><body><header><h1>Simulateur de DMP</h1>",
        f"<p>Serveur d'essai, données fictives. {summary}</p></header><main>",
        _table(
            "Patients",
            ("N°", "INS", "DMP", "Médecin traitant", "Professionnels bloqués"),
            map(_patient(ranks), patients),
        ),
        _table(
            "Documents",
            (
                "Patient",
                "uniqueId",
                "Type",
                "Statut",
                "Version",
                "Visibilité",
                "Déposé le",
                "Identifiant sur le serveur",
            ),
            map(_document(ranks), documents),
        ),
        _table(
            "Historique", ("Date", "Événement", "Patient", "Document", "Détail"), map(_event(ranks), events[:SHOWN])
        ),
        _table("Fautes en attente", ("Faute", "Requêtes", "Pour", "Réglages"), map(_fault, faults)),
        "</main></body></html>",
    ]
    return "".join(parts)


def _table(title: str, heads: tuple[str, ...], rows: Any) -> str:
    key = title.split()[0].lower()
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    opening = f"<section aria-labelledby='{key}'><h2 id='{key}'>{title}</h2>"
    if not lines:
        return f"{opening}<p>Rien pour l'instant.</p></section>"
    columns = "".join(f"<th scope='col'>{head}</th>" for head in heads)
    caption = f"<caption>{len(lines)} ligne(s), {SHOWN} au plus</caption>"
    return (
        f"{opening}<div class='tableau' role='region' aria-labelledby='{key}' tabindex='0'><table>{caption}"
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(lines)}</tbody></table></div></section>"
    )


def _badge(text: str, kind: str) -> str:
    return f"<span class='etat {kind}'>{escape(text)}</span>"


def _patient(ranks: dict[str, int]) -> Any:
    def cells(row: PatientRow) -> tuple[str, ...]:
        state = _badge(_STATES[row.state], "actif" if row.state == "active" else "ferme")
        reason = f" {escape(row.reason)}" if row.reason else ""
        attending = f"<code>{escape(row.attending)}</code>" if row.attending else "non déclaré"
        return (
            str(ranks[row.id]),
            f"<code>{masked(row.value)}</code>",
            state + reason,
            attending,
            str(len(row.blocked)),
        )

    return cells


def _document(ranks: dict[str, int]) -> Any:
    def cells(row: DocumentRow) -> tuple[str, ...]:
        resource = orjson.loads(row.resource)
        badges = [_badge("en cours", "actif") if row.status == "current" else _badge("remplacé", "passe")]
        if row.deleted:
            badges = [_badge("supprimé", "ferme")]
        if patches.archived(resource):
            badges.append(_badge("archivé", "passe"))
        levels = [c for label in dicts(resource.get("securityLabel")) for _, c in codings(label) if c not in _MASKS]
        masks = [_badge(_MASKS[mask], "masque") for mask in masks_of(resource)]
        types = " ".join(code for _, code in codings(resource.get("type")))
        return (
            f"n° {ranks.get(row.patient_id, 0)}",
            f"<code>{escape(row.unique_id.removeprefix('urn:oid:'))}</code>",
            f"<code>{escape(types)}</code>",
            " ".join(badges),
            str(row.version),
            " ".join([escape(" ".join(levels)), *masks]),
            _time(text_of(resource, "date")),
            f"<code>{escape(row.id)}</code>",
        )

    return cells


def _event(ranks: dict[str, int]) -> Any:
    def cells(event: Event) -> tuple[str, ...]:
        rank = ranks.get(event.patient_id)
        document = f"<code>{escape(event.document_id)}</code>" if event.document_id else ""
        return _time(event.at), escape(event.what), f"n° {rank}" if rank else "", document, escape(event.detail)

    return cells


def _fault(fault: Fault) -> tuple[str, ...]:
    where = f"{fault.method or 'toute méthode'} {fault.path or 'tout chemin'}"
    more = [f"latence {fault.latency_ms} ms"] if fault.latency_ms else []
    if fault.name == "status":
        more.append(f"statut {fault.status}")
    if fault.retry_after_s is not None:
        more.append(f"Retry-After {fault.retry_after_s} s")
    if fault.after_commit:
        more.append("après validation")
    return f"<code>{fault.name}</code>", str(fault.times), escape(where), ", ".join(more)


def _time(text: str) -> str:
    return f"<time datetime='{escape(text)}'>{escape(text[:19].replace('T', ' '))}</time>" if text else ""
