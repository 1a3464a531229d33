"""One printed form as a run of pieces, each piece belonging to a node: cheap to compare with another printing.

A piece is a tag, a text, or a JSON token; a piece holds atoms (each attribute of a tag, a text, a JSON value). The
narrative of a FHIR resource is markup inside a JSON text: its pieces stand in the run like those of a page.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Form = Literal["cda", "fhir", "sheet"]
FORMS: Final[tuple[Form, ...]] = ("cda", "fhir", "sheet")

MARKUP: Final = re.compile(r'<[^<>"]*(?:"[^"]*"[^<>"]*)*>|[^<]+')
_JSON: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s"{}\[\],:]+')
_ATTRIBUTE: Final = re.compile(r'([^\s="]+)="([^"]*)"')
_NAME: Final = re.compile(r"</?([^\s/>]+)")
_VOID: Final = frozenset({"br", "meta", "link", "img", "hr", "input"})
_MUTE: Final = frozenset({"xmlns", "xmlns:xsi"})
_DERIVED: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|2\.25\.\d+"  # keys and numbers of documents
    r"|(?<=[\"#])[a-z-]+-\d+(?=[\"\\])"  # anchors
)


# Where a printing is cut into chunks, each compared as a whole before it is read piece by piece.
_CUTS: Final[dict[Form, tuple[str, ...]]] = {
    "cda": ("<component>", "<entry>", "<participant "),
    "fhir": ('{"fullUrl":', '{"title":'),
    "sheet": ("<section", "<table"),
}


def chunks(form: Form, printed: bytes) -> list[str]:
    """`printed` in chunks; most changes touch a few of them only."""
    found = [printed.decode()]
    for cut in _CUTS[form]:
        found = [part for chunk in found for part in _cut(chunk, cut)]
    return found


def _cut(text: str, cut: str) -> list[str]:
    first, *others = text.split(cut)
    return [first, *[cut + other for other in others]] if first else [cut + other for other in others]


def pieces(form: Form, chunk: str) -> list[str]:
    """Pieces of a chunk, in order."""
    if form != "fhir":
        return MARKUP.findall(chunk)
    found: list[str] = []
    for token in _JSON.findall(chunk):
        if token.startswith('"<div'):
            found += MARKUP.findall(json.loads(token))
        else:
            found.append(token)
    return found


def all_pieces(form: Form, printed: bytes) -> list[str]:
    """Pieces of a whole printing, in order."""
    return [piece for chunk in chunks(form, printed) for piece in pieces(form, chunk)]


def masked(form: Form, text: str) -> list[str]:
    """Pieces of `text` whose derived keys and anchors, which move with the rank of an entry, are all alike."""
    return pieces(form, _DERIVED.sub("~", text))


def attributes(piece: str) -> list[tuple[str, str]]:
    """Names and values of the attributes of a tag, as written."""
    return _ATTRIBUTE.findall(piece)


def tag_name(piece: str) -> str:
    """Name of the element that a tag opens or closes."""
    found = _NAME.match(piece)
    return found[1] if found else ""


def opens(piece: str) -> bool:
    """True for a start tag whose element has content to come."""
    return (
        piece.startswith("<")
        and piece[1:2] not in {"/", "!", "?"}
        and not piece.endswith("/>")
        and tag_name(piece) not in _VOID
    )


@dataclass(frozen=True, slots=True)
class Atom:
    """Smallest thing that has an origin: one attribute, one text, or one JSON value.

    Attributes:
        piece: rank of its piece.
        node: rank of its node.
        name: name of the attribute or of the JSON member; ``#text`` for a text.
        value: as a reader gets it; never shown.
    """

    piece: int
    node: int
    name: str
    value: str = field(repr=False)


@dataclass(slots=True)
class Place:
    """Where a node stands: a path, and for narrative in a FHIR resource the path within it."""

    path: str
    inside: str = ""
    narrative: bool = False
    heading: int = -1


@dataclass(slots=True)
class Scan:
    """The printing that is explained: its pieces, its nodes and its atoms."""

    form: Form
    pieces: list[str]
    places: list[Place] = field(default_factory=list)
    atoms: list[Atom] = field(default_factory=list)
    of_piece: dict[int, list[int]] = field(default_factory=dict)
    opened: dict[int, int] = field(default_factory=dict)
    keys: set[int] = field(default_factory=set)

    def changed(self, start: int, mine: Sequence[str], other: Sequence[str]) -> list[int] | None:
        """Ranks at which `other` differs from `mine`; None when it is not the same structure piece by piece.

        Args:
            start: rank, in this scan, of the first piece of both.
            mine: pieces that face those of this scan from there on.
            other: pieces of another printing.
        """
        if len(mine) != len(other):
            return None
        found = [rank for rank, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b]
        if all(self._alike(start + rank, mine[rank], other[rank]) for rank in found):
            return [start + rank for rank in found]
        return None

    def _alike(self, rank: int, mine: str, other: str) -> bool:
        if mine.startswith("<") or other.startswith("<"):
            if tag_name(mine) != tag_name(other):
                return False
            return [name for name, _ in attributes(mine)] == [name for name, _ in attributes(other)]
        if rank in self.of_piece:
            return other not in {"{", "}", "[", "]", ",", ":"}
        return rank not in self.keys and not mine.strip() and not other.strip()

    def node_at(self, rank: int) -> int:
        """Node that a piece opens or belongs to; -1 for none."""
        atoms = self.of_piece.get(rank)
        return self.atoms[atoms[0]].node if atoms else self.opened.get(rank, -1)

    def moved(self, rank: int, mine: str, other: str) -> Iterator[int]:
        """Atoms of the piece `rank` that differ between `mine` and `other`."""
        known = self.of_piece.get(rank, [])
        if not mine.startswith("<"):
            yield from known
            return
        before, after = attributes(mine), attributes(other)
        if [name for name, _ in before] != [name for name, _ in after]:
            yield from known
            return
        for (name, old), (_, new) in zip(before, after, strict=True):
            if old != new:
                yield from (atom for atom in known if self.atoms[atom].name == name)


def scan(form: Form, printed: bytes) -> Scan:
    """`printed` with a path for each of its nodes."""
    found = Scan(form, all_pieces(form, printed))
    if form == "fhir":
        _scan_json(found)
    else:
        _scan_markup(found, 0, len(found.pieces), Place(""))
    return found


def _add_node(found: Scan, place: Place) -> int:
    found.places.append(place)
    return len(found.places) - 1


def _add_atom(found: Scan, piece: int, node: int, name: str, value: str) -> None:
    found.of_piece.setdefault(piece, []).append(len(found.atoms))
    found.atoms.append(Atom(piece, node, name, value))


def _scan_markup(found: Scan, start: int, end: int, above: Place) -> None:
    """Nodes and atoms of the markup between two ranks; `above` holds the FHIR path that it stands under."""
    path: list[str] = []
    counts: list[dict[str, int]] = [{}]
    nodes: list[int] = []
    heading = -1

    def place() -> Place:
        here = "/" + "/".join(path)
        narrative = above.path != "" or (found.form == "cda" and _in_text(path)) or found.form == "sheet"
        if above.path:
            return Place(above.path, here, narrative, heading)
        return Place(here, "", narrative, heading)

    for rank in range(start, end):
        piece = found.pieces[rank]
        if piece.startswith("</"):
            if path:
                path.pop()
                nodes.pop()
                counts.pop()
        elif piece.startswith(("<!", "<?")):
            continue
        elif piece.startswith("<"):
            name = tag_name(piece)
            number = counts[-1][name] = counts[-1].get(name, 0) + 1
            path.append(name if not nodes and not above.inside else f"{name}[{number}]")
            if name in {"h1", "h2"}:
                heading = len(found.places)
            nodes.append(_add_node(found, place()))
            found.opened[rank] = nodes[-1]
            counts.append({})
            for key, value in attributes(piece):
                if key not in _MUTE:
                    _add_atom(found, rank, nodes[-1], key, html.unescape(value))
            if not opens(piece):
                path.pop()
                nodes.pop()
                counts.pop()
        elif piece.strip() and nodes:
            _add_atom(found, rank, nodes[-1], "#text", html.unescape(piece))


def _in_text(path: Sequence[str]) -> bool:
    """True within the narrative of a CDA section."""
    return any(step.startswith("text[") for step in path) and path[1].startswith("component[")


def _scan_json(found: Scan) -> None:
    steps: list[str | int] = []
    tokens, rank = found.pieces, 0
    expects_key: list[bool] = []

    def path() -> str:
        return "Bundle" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)

    def member() -> str:
        return next((s for s in reversed(steps) if isinstance(s, str)), "")

    while rank < len(tokens):
        piece = tokens[rank]
        if piece in {"{", "["}:
            found.opened[rank] = _add_node(found, Place(path()))
        if piece == "{":
            steps.append("")
            expects_key.append(True)
        elif piece == "[":
            steps.append(0)
            expects_key.append(False)
        elif piece in {"}", "]"}:
            steps.pop()
            expects_key.pop()
        elif piece == ",":
            last = steps[-1]
            if isinstance(last, int):
                steps[-1] = last + 1
            else:
                expects_key[-1] = True
        elif piece == ":":
            expects_key[-1] = False
        elif piece.startswith("<"):
            end = rank
            while tokens[end] != "</div>" or not _closes_narrative(tokens, rank, end):
                end += 1
            _scan_markup(found, rank, end + 1, Place(path()))
            rank = end
        elif expects_key and expects_key[-1]:
            steps[-1] = json.loads(piece)
            found.keys.add(rank)
        else:
            value = json.loads(piece)
            node = _add_node(found, Place(path()))
            _add_atom(found, rank, node, member(), value if isinstance(value, str) else piece)
        rank += 1


def _closes_narrative(tokens: Sequence[str], start: int, end: int) -> bool:
    """True when the ``</div>`` at `end` closes the ``<div>`` at `start`: our narratives hold no other one."""
    return tokens[start].startswith("<div") and end > start
