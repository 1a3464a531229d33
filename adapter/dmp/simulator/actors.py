"""Who calls, and what he or she may see and do.

Source: matrice des droits 526 v1.8 (authentification directe, indirecte), 606 v1.3 (mode AIR); DMP, codes de visibilité
TRE_A07. The matrix of professions and document categories is left out on purpose: every profession may read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from adapter.dmp.simulator.outcomes import Issue, Refusal

HEADER: Final = "X-DMP-Actor"
MODES: Final = ("direct", "indirect", "air")

MASQUE_PS: Final = "MASQUE_PS"
INVISIBLE_PATIENT: Final = "INVISIBLE_PATIENT"
INVISIBLE_GUARDIANS: Final = "INVISIBLE_REPRESENTANTS_LEGAUX"
MASKS: Final = (MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_GUARDIANS)

Kind = Literal["professional", "patient", "guardian"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Caller of one request.

    Attributes:
        rpps: of a professional, empty when not told. ``structure``: Struct_IdNat of the practice, empty when not told.
        mode: ``direct`` (CPS), ``indirect`` (certificate of the structure) or ``air`` (Pro Santé Connect).
        ins: of a patient, or of the patient whom a guardian stands for.
        told: the header was there.
    """

    kind: Kind = "professional"
    rpps: str = ""
    structure: str = ""
    mode: str = "direct"
    ins: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True)
class Ownership:
    """What rights depend on: who made a document, under which masks, for whom.

    Attributes:
        authors: RPPS of the authors. ``structures``: identifiers of their structures.
        masks: masks of TRE_A07 in force. ``attending``: RPPS of the médecin traitant DMP, or empty.
        blocked: RPPS of the professionals whom the patient blocked. ``ins``: of the patient.
    """

    authors: tuple[str, ...]
    structures: tuple[str, ...]
    masks: tuple[str, ...]
    attending: str = ""
    blocked: tuple[str, ...] = ()
    ins: str = ""


def read_actor(header: str | None) -> Actor:
    """Caller told by ``X-DMP-Actor``: ``professional;rpps=…;structure=…;mode=direct``, ``patient;ins=…``…

    Without the header: a professional in direct mode whose RPPS is not known (a deposit then takes its author's).

    Raises:
        Refusal: 401, the header cannot be read.
    """
    if header is None or not header.strip():
        return Actor()
    kind, *pairs = [part.strip() for part in header.split(";")]
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not pair:
            continue
        if not equals or name.strip() not in ("rpps", "structure", "mode", "ins"):
            raise _unreadable("paramètre inconnu ; sont lus rpps, structure, mode et ins")
        values[name.strip()] = value.strip()
    if kind == "professional":
        rpps, mode = values.get("rpps", ""), values.get("mode", "direct")
        if rpps and not (rpps.isascii() and rpps.isdigit() and len(rpps) == 11):
            raise _unreadable("un RPPS compte 11 chiffres")
        if mode not in MODES:
            raise _unreadable("mode vaut direct, indirect ou air")
        if mode == "indirect" and not values.get("structure"):
            raise _unreadable("l'authentification indirecte est celle d'une structure : structure est attendu")
        return Actor("professional", rpps, values.get("structure", ""), mode, told=True)
    if kind in ("patient", "guardian"):
        if not values.get("ins"):
            raise _unreadable("ins est attendu")
        return Actor("patient" if kind == "patient" else "guardian", ins=values["ins"].rpartition("|")[2], told=True)
    raise _unreadable("il commence par professional, patient ou guardian")


def _unreadable(why: str) -> Refusal:
    return Refusal(401, Issue(f"En-tête {HEADER} illisible : {why}.", "DMPIdentityCertificationFailure", "login"))


def forbidden(text: str, code: str = "LocalPolicyRestrictionError") -> Refusal:
    """Refusal 403 with one French reason."""
    return Refusal(403, Issue(text, code, "forbidden"))


def check_access(actor: Actor, ins: str, blocked: tuple[str, ...]) -> None:
    """Pass when the caller may act on this DMP at all.

    Raises:
        Refusal: 403, blocked professional, or a patient at someone else's door.
    """
    if actor.kind == "professional" and actor.rpps and actor.rpps in blocked:
        raise forbidden("Le patient a bloqué l'accès de ce professionnel à son DMP.", "DMPAccessForbidden")
    if actor.kind != "professional" and actor.ins != ins:
        raise forbidden("Ce DMP n'est pas celui de l'appelant.", "DMPAccessForbidden")


def may_feed(actor: Actor) -> None:
    """Pass when the caller may deposit.

    Raises:
        Refusal: 403.
    """
    if actor.mode == "air":
        raise forbidden("L'alimentation du DMP est interdite en mode AIR (Pro Santé Connect).")
    if actor.kind != "professional":
        raise forbidden("Seul un professionnel ou sa structure dépose ici ; l'expression du titulaire a son espace.")


def is_author(actor: Actor, document: Ownership) -> bool:
    """True when the caller made the document, alone or as a structure."""
    if actor.kind != "professional":
        return False
    if actor.mode == "indirect":
        return bool(actor.structure) and actor.structure in document.structures
    return bool(actor.rpps) and actor.rpps in document.authors


def sees(actor: Actor, document: Ownership) -> bool:
    """True when the caller finds the document in a search."""
    if actor.kind == "patient":
        return INVISIBLE_PATIENT not in document.masks
    if actor.kind == "guardian":
        return INVISIBLE_GUARDIANS not in document.masks
    if actor.mode == "indirect":
        return is_author(actor, document)
    if MASQUE_PS not in document.masks:
        return True
    return is_author(actor, document) or (bool(actor.rpps) and actor.rpps == document.attending)


def may_read(actor: Actor) -> None:
    """Pass when the caller may open contents (TD3.2).

    Raises:
        Refusal: 403.
    """
    if actor.mode == "indirect":
        raise forbidden("La lecture des documents est interdite en authentification indirecte (TD3.2).")


def may_change(actor: Actor, before: tuple[str, ...], after: tuple[str, ...], *, archive: bool) -> None:
    """Pass when the caller may change masks or the archive flag of a document that he or she sees (TD3.3a, b, d).

    Raises:
        Refusal: 403.
    """
    if actor.mode == "indirect":
        raise forbidden("Masquer, rendre visible et archiver sont interdits en authentification indirecte (TD3.3).")
    changed = set(before) ^ set(after)
    if actor.kind == "guardian" and (changed or archive):
        raise forbidden("Un représentant légal ne modifie pas un document par cette voie.")
    if actor.kind == "patient" and changed - {MASQUE_PS}:
        raise forbidden("Le patient masque aux professionnels ; la visibilité pour lui-même relève du professionnel.")


def may_delete(actor: Actor, document: Ownership) -> None:
    """Pass when the caller may delete (TD3.3c): the author, or the structure in indirect mode.

    Raises:
        Refusal: 403.
    """
    if not is_author(actor, document):
        raise forbidden("Seul l'auteur du document, ou sa structure, peut le supprimer (TD3.3c).")
