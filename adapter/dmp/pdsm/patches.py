"""JSON Patches for masks and archive, with pointers read from the resource as it stands.

Source: RFC 6902; PDSm 3.1.1, ITI-130: status, securityLabel and isArchived only. The guide's own example uses no valid
pointer (``/extension[url:…]``) and is not followed.
"""

from __future__ import annotations

from typing import Final

from adapter.dmp import Mask
from adapter.dmp.pdsm.answers import MASK_SYSTEM, is_mask
from adapter.dmp.pdsm.resources import IS_ARCHIVED
from adapter.fhir.datatypes import Json

MASK_LABELS: Final[dict[Mask, str]] = {
    "MASQUE_PS": "Masqué aux professionnels de santé",
    "INVISIBLE_PATIENT": "Non visible par le patient",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "Non visible par les représentants légaux du patient",
}
"""Publisher's labels. Source: JDV_J08 (TRE_A07)."""

Patch = list[Json]


def mask_patch(resource: Json, mask: Mask, on: bool) -> Patch:
    """Operations that put or lift a mask; none when it is so already.

    A ``test`` goes before each removal: a pointer is a rank, and the list may have moved since it was read.
    """
    labels = dict(_ranked(resource.get("securityLabel")))
    held = [(i, ranks) for i, label in labels.items() if (ranks := _ranks(label, mask))]
    if on:
        if held:
            return []
        label = {"coding": [{"system": MASK_SYSTEM.uri, "code": mask, "display": MASK_LABELS[mask]}]}
        if not labels:
            return [{"op": "add", "path": "/securityLabel", "value": [label]}]
        return [{"op": "add", "path": "/securityLabel/-", "value": label}]
    patch: Patch = []
    for i, ranks in reversed(held):  # from the end, so that the ranks before stay true
        alone = len(ranks) == len(labels[i]["coding"])
        for j in ranks[:1] if alone else reversed(ranks):
            patch.append({"op": "test", "path": f"/securityLabel/{i}/coding/{j}/code", "value": mask})
            path = f"/securityLabel/{i}" if alone else f"/securityLabel/{i}/coding/{j}"
            patch.append({"op": "remove", "path": path})
    return patch


def archive_patch(resource: Json, archived: bool) -> Patch:
    """Operations that put a document away or take it back; none when it is so already."""
    extensions = dict(_ranked(resource.get("extension")))
    for rank, extension in extensions.items():
        if extension.get("url") == IS_ARCHIVED:
            if extension.get("valueBoolean") is archived:
                return []
            return [
                {"op": "test", "path": f"/extension/{rank}/url", "value": IS_ARCHIVED},
                {"op": "replace", "path": f"/extension/{rank}/valueBoolean", "value": archived},
            ]
    if not archived:
        return []
    flag = {"url": IS_ARCHIVED, "valueBoolean": True}
    if not extensions:
        return [{"op": "add", "path": "/extension", "value": [flag]}]
    return [{"op": "add", "path": "/extension/-", "value": flag}]


def _ranks(label: Json, mask: Mask) -> list[int]:
    """Ranks of the codings of a label that are this mask."""
    codings = _ranked(label.get("coding"))
    return [j for j, coding in codings if coding.get("code") == mask and is_mask(str(coding.get("system")))]


def _ranked(value: object) -> list[tuple[int, Json]]:
    """Objects of a list with their ranks in it; a server may have put anything there."""
    return [(i, one) for i, one in enumerate(value) if isinstance(one, dict)] if isinstance(value, list) else []
