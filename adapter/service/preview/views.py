"""Parts of the page that shows one visit before it is shared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any, Final

from adapter.api.preview import Preview, Sight
from adapter.api.sending import DmpServer
from adapter.errors import Finding, Severity
from adapter.service.preview.labels import label
from adapter.service.preview.page import HOME, notice, proof
from adapter.service.preview.printed import Line, json_lines, origins, xml_lines
from adapter.service.preview.session import Session
from adapter.service.preview.visit_lines import Place, nearest, places

_READERS: Final = {
    "patient": "Le patient",
    "guardians": "Ses représentants légaux",
    "professionals": "Les professionnels",
}
_LONGEST_LINE: Final = 160  # characters shown of one line of the visit
_NUMBERED_MAX: Final = 2_000_000  # characters of a visit that is shown line by line
_STYLES: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def digest(text: str) -> str:
    """What tells that the visit sent is the visit seen."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def sheet_styles(sheet: str) -> list[str]:
    """Text of the style elements of the sheet."""
    return _STYLES.findall(sheet)


def editor(session: Session, text: str, *, open_file: bool = True) -> str:
    """Form in which a visit is pasted, loaded or mended."""
    return (
        f'<form id="visite" class="editor" method="post" action="{HOME}" enctype="multipart/form-data">\n'
        f"{proof(session)}\n"
        '<label for="texte">La visite, au format JSON</label>\n'
        '<textarea id="texte" name="visite" rows="18" spellcheck="false" autocomplete="off" wrap="off"'
        f' aria-describedby="aide-texte">\n{escape(text)}</textarea>\n'
        '<p id="aide-texte" class="help">Collée depuis le logiciel du cabinet, ou lue dans un fichier. Le texte peut'
        " être corrigé ici, puis vérifié de nouveau.</p>\n"
        f'<details class="file"{" open" if open_file else ""}><summary>Lire un fichier</summary>\n'
        '<p><label for="fichier">Fichier JSON</label> <input id="fichier" type="file" name="fichier"'
        ' accept=".json,application/json"></p>\n'
        '<p><label for="encodage">Encodage du fichier</label> <select id="encodage" name="encodage">'
        '<option value="utf-8">UTF-8</option><option value="windows-1252">windows-1252</option></select></p>\n'
        "</details>\n"
        '<p class="actions"><button class="main">Vérifier et afficher</button></p>\n</form>\n'
    )


def summary(found: Preview) -> str:
    """What can be said at once: refused, ready, or ready but not to be sent."""
    errors = sum(one.severity is Severity.ERROR for one in found.findings)
    warnings = len(found.findings) - errors
    told = f"{_count(warnings, 'avertissement')}." if warnings else "Aucun avertissement."
    if found.made is None:
        return notice("bad", f"Visite refusée : {_count(errors, 'erreur')} à corriger. {told}")
    if found.refusals:
        return notice("bad", f"Documents produits, mais l'envoi est impossible (voir plus bas). {told}")
    return notice("good", f"Visite prête à être partagée. {told}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number > 1 else ''}"


def findings(found: Preview, text: str) -> str:
    """Findings, errors first, each with its field, the line where this stands, and what to do."""
    known = places(text)
    lines = text.split("\n")
    every = (*found.findings, *found.refusals)
    errors = [one for one in every if one.severity is Severity.ERROR]
    warnings = [one for one in every if one.severity is not Severity.ERROR]
    shown = ""
    if errors:
        shown += f'<h3>À corriger</h3>\n<ol class="findings">\n{_cards(errors, known, lines)}</ol>\n'
    if warnings:
        told = f"{_count(len(warnings), 'avertissement')} (sans effet sur l'envoi)"
        shown += (
            f'<details><summary>{told}</summary>\n<ol class="findings">\n{_cards(warnings, known, lines)}</ol>\n'
            "</details>\n"
        )
    return shown or "<p>Aucun constat.</p>\n"


def _cards(some: Sequence[Finding], known: Mapping[str, Place], lines: Sequence[str]) -> str:
    return "".join([_card(one, known, lines) for one in some])


def _card(one: Finding, known: Mapping[str, Place], lines: Sequence[str]) -> str:
    kind = "error" if one.severity is Severity.ERROR else "warning"
    where = ""
    if one.path.startswith("$"):
        number = nearest(one.path, known).line
        written = lines[number - 1].strip() if number <= len(lines) else ""
        where = (
            f'<p class="where"><b>{escape(label(one.path))}</b>'
            f' <a href="#l{number}" data-line="{number}">ligne {number}</a></p>\n'
        )
        if one.path in known and one.path != "$":
            where += f"<pre><code>{escape(_cut(written))}</code></pre>\n"
    source = f" <small>{escape(one.source)}</small>" if one.source else ""
    return (
        f'<li class="finding {kind}">\n{where}<p>{escape(one.message)}</p>\n'
        f'<p class="rule"><code>{escape(one.rule)}</code> <code>{escape(one.path)}</code>{source}</p>\n</li>\n'
    )


def numbered(found: Preview, text: str) -> str:
    """The visit line by line, findings under the line that they concern: works without script."""
    if len(text) > _NUMBERED_MAX:
        return ""
    known = places(text)
    by_line: dict[int, list[Finding]] = {}
    for one in (*found.findings, *found.refusals):
        if one.path.startswith("$"):
            by_line.setdefault(nearest(one.path, known).line, []).append(one)
    items = []
    for number, line in enumerate(text.split("\n"), 1):
        told = "".join(
            f'<span class="told {"error" if one.severity is Severity.ERROR else "warning"}">'
            f"{escape(one.message)}</span>"
            for one in by_line.get(number, ())
        )
        items.append(f'<li id="l{number}"><code>{escape(_cut(line))}</code>{told}</li>\n')
    return (
        f'<details class="numbered"><summary>La visite ligne par ligne</summary>\n<ol>\n{"".join(items)}</ol>\n'
        "</details>\n"
    )


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def sheet(content: str) -> str:
    """The sheet, in a frame that obeys nothing in it."""
    return f'<iframe class="sheet" title="Fiche de lecture" sandbox="" srcdoc="{escape(content)}"></iframe>\n'


def sights(found: Preview) -> str:
    """Who will see the document, and what stays at the practice."""
    represented = found.made is not None and bool(found.made.document.patient.guardians)
    cards = "".join([_sight(one) for one in found.sights if represented or one.reader != "guardians"])
    kept = "".join([f"<li><b>{escape(label(path))}</b> : {escape(reason)}</li>\n" for path, reason in found.kept])
    stays = f"<h3>Ce qui reste au cabinet</h3>\n<ul>\n{kept}</ul>\n" if kept else ""
    return f'<ul class="sights">\n{cards}</ul>\n{stays}'


def _sight(one: Sight) -> str:
    state = "voit" if one.visible else "ne voit pas"
    if one.reader != "patient":
        state = "voient" if one.visible else "ne voient pas"
    until = f" Annonce prévue le {escape('/'.join(reversed(one.until.split('-'))))}." if one.until else ""
    kind = "seen" if one.visible else "hidden-from"
    return (
        f'<li class="{kind}"><b>{_READERS[one.reader]} {state} le document</b>'
        f"<span>{escape(one.explanation)}{until}</span></li>\n"
    )


def documents(found: Preview, session: Session, text: str) -> str:
    """CDA and Bundle side by side, with the fields that each line comes from when a trace was asked."""
    if found.made is None:
        return ""
    contents = found.made.contents
    cda = xml_lines(contents["cda"], origins(found.trace, "cda"))
    bundle = json_lines(contents["fhir"], origins(found.trace, "fhir"))
    return (
        f"{_origin_choice(found.trace, session, text)}"
        f'<div class="panes">\n{_pane("cda", "CDA R2", cda)}{_pane("fhir", "FHIR R4", bundle)}</div>\n'
    )


def _origin_choice(trace: Mapping[str, Any] | None, session: Session, text: str) -> str:
    if trace is None:
        return (
            f'<form method="post" action="{HOME}#documents">{proof(session)}{_carried(text)}'
            '<input type="hidden" name="origine" value="1">'
            '<p class="actions"><button>Montrer de quel champ vient chaque ligne</button>'
            ' <span class="help">Le calcul prend quelques secondes.</span></p></form>\n'
        )
    fields = [one["path"] for one in trace["fields"] if one["leaf"] and (one["cda"] or one["fhir"])]
    options = "".join(f'<option value="{escape(path)}">{escape(_named(path))}</option>\n' for path in fields)
    lost = "".join(f"<li><code>{escape(one['path'])}</code> : {escape(one['message'])}</li>\n" for one in trace["lost"])
    losses = f"<ul>\n{lost}</ul>\n" if lost else "<p>Aucun champ de la visite ne se perd.</p>\n"
    return (
        '<p class="origin-choice" hidden><label for="origine">Suivre un champ</label>'
        f' <select id="origine"><option value="">(choisir)</option>\n{options}</select>'
        ' <span id="origine-dite" role="status"></span></p>\n'
        f"{losses}"
    )


def _named(path: str) -> str:
    named = label(path)
    return path if named == path else f"{named} ({path})"


def _pane(key: str, title: str, lines: Sequence[Line]) -> str:
    items = "".join([_line(one) for one in lines])
    return (
        f'<section class="pane" aria-labelledby="titre-{key}">\n<h3 id="titre-{key}">{title}</h3>\n'
        f'<ol class="code" tabindex="0" aria-labelledby="titre-{key}" data-pane="{title}">\n{items}</ol>\n</section>\n'
    )


def _line(one: Line) -> str:
    code = f"<code>{'  ' * one.depth}{escape(one.text)}</code>"
    if not one.origin:
        return f"<li>{code}</li>\n"
    told = ", ".join(path.removeprefix("$.") for path in one.origin)
    return f'<li data-from="{escape(" ".join(one.origin))}">{code}<span class="from">{escape(told)}</span></li>\n'


def sending(found: Preview, session: Session, text: str, servers: Sequence[DmpServer], default: str) -> str:
    """Form that sends, or the reasons why nothing can be sent."""
    if found.made is None:
        return "<p>La visite est à corriger d'abord.</p>\n"
    if found.refusals:
        reasons = "".join(
            [f"<li>{escape(one.message)} <code>{escape(one.rule)}</code></li>\n" for one in found.refusals]
        )
        return f"{notice('bad', 'Rien ne partira.')}<ul>\n{reasons}</ul>\n"
    if not servers:
        return notice("plain", "Aucun DMP n'est réglé : écrire une table [destinations.NOM] dans les réglages.")
    return (
        f'<form class="send" method="post" action="{HOME}/envoi">{proof(session)}{_carried(text)}'
        f'<input type="hidden" name="vue" value="{digest(text)}">\n'
        "<fieldset><legend>Documents à déposer</legend>\n"
        '<label><input type="radio" name="formes" value="cda" checked> CDA (ce que le DMP reçoit aujourd’hui)</label>\n'
        '<label><input type="radio" name="formes" value="fhir"> FHIR</label>\n'
        '<label><input type="radio" name="formes" value="both"> Les deux</label>\n'
        '<label><input type="radio" name="formes" value="cda-n1"> La fiche en PDF, sous un en-tête CDA (N1)</label>\n'
        "</fieldset>\n"
        f"{_destinations(servers, default)}"
        f"{_subject(found)}"
        '<p class="actions"><button class="main">Envoyer au DMP</button></p>\n</form>\n'
    )


def _subject(found: Preview) -> str:
    """What is about to leave, and for whom: the last chance to see that it is another patient."""
    if found.made is None:
        return ""
    document = found.made.document
    born = f"{document.patient.birth_date:%d/%m/%Y}"
    return (
        f'<p class="subject"><b>{escape(document.patient.text)}</b>, né(e) le {born}'
        f" : {escape(document.title)}, version {document.version}.</p>\n"
    )


def _destinations(servers: Sequence[DmpServer], default: str) -> str:
    options = "".join(
        f'<option value="{escape(one.name)}"{" selected" if one.name == default else ""}>'
        f"{escape(one.name)} ({escape(one.base_url)})</option>\n"
        for one in servers
    )
    return (
        '<p><label for="destination">Destination</label>'
        f' <select id="destination" name="destination">\n{options}</select></p>\n'
    )


def printing(session: Session, text: str) -> str:
    """Buttons that give the printed pages."""
    return (
        f'<form class="print" method="post" action="{HOME}/impression" target="_blank">{proof(session)}{_carried(text)}'
        '<p class="actions"><button name="page" value="sheet">Imprimer la fiche (PDF)</button>'
        ' <button name="page" value="emergency">Fiche urgence d’une page (PDF)</button></p></form>\n'
    )


def _carried(text: str) -> str:
    """The visit itself, carried by a form: the service keeps nothing between two pages."""
    return f'<textarea name="visite" hidden aria-hidden="true" tabindex="-1">\n{escape(text)}</textarea>'
