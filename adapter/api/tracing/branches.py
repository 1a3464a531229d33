"""Two printings of different structure, laid side by side: what changed, what vanished, where something grew.

Children are matched by their whole content first, then by likeness; keys and anchors that follow the rank of an entry
are alike on both sides, so that what merely moved up is no change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property

from adapter.api.tracing.scan import opens, tag_name

_LIKE = 0.4  # share of common texts from which two branches are taken for one


@dataclass(frozen=True)
class Branch:
    """One element, object, list or text: its label, its own opening piece and what it holds."""

    label: str
    head: str
    start: int
    end: int
    items: tuple[Branch, ...] = ()
    signature: int = field(default=0, compare=False)

    @cached_property
    def bag(self) -> Counter[str]:
        """Every text and tag within, counted."""
        found = Counter([self.head])
        for item in self.items:
            found.update(item.bag)
        return found


def grow(pieces: Sequence[str], first: int = 0, *, json: bool) -> Branch:
    """Tree of a run of pieces of one printing (keys and anchors masked); what is not closed ends with the run.

    Args:
        pieces: the run.
        first: rank of its first piece in the printing.
        json: JSON, not markup.
    """
    stack: list[tuple[str, str, int, list[Branch]]] = [("", "", first, [])]
    key = ""
    for rank, piece in enumerate(pieces, first):
        if piece.startswith("</") or piece in {"}", "]"}:
            if len(stack) > 1:
                label, head, start, items = stack.pop()
                stack[-1][3].append(_branch(label, head, start, rank + 1, items))
        elif json and piece in {",", ":"}:
            if piece == ",":
                key = ""
        elif json and piece in {"{", "["}:
            stack.append((key or piece, piece, rank, []))
            key = ""
        elif opens(piece):
            stack.append((tag_name(piece), piece, rank, []))
        elif json and pieces[rank - first + 1 : rank - first + 2] == [":"]:
            key = piece
        elif piece.strip():
            label = tag_name(piece) if piece.startswith("<") else key or "#text"
            stack[-1][3].append(_branch(label, piece, rank, rank + 1, []))
    end = first + len(pieces)
    while len(stack) > 1:
        label, head, start, items = stack.pop()
        stack[-1][3].append(_branch(label, head, start, end, items))
    return _branch("", "", first, end, stack[0][3])


def _branch(label: str, head: str, start: int, end: int, items: list[Branch]) -> Branch:
    signature = hash((label, head, *(item.signature for item in items)))
    return Branch(label, head, start, end, tuple(items), signature)


@dataclass(slots=True)
class Differences:
    """Ranks, in the first printing, of pieces that changed or vanished; and of openings under which something grew."""

    gone: set[int] = field(default_factory=set)
    grown: set[int] = field(default_factory=set)


def differences(before: Branch, after: Branch) -> Differences:
    """What `after` makes of `before`."""
    found = Differences()
    _compare(before, after, found)
    return found


def _compare(a: Branch, b: Branch, found: Differences) -> None:
    if a.signature == b.signature:
        return
    if a.head != b.head:
        found.gone.add(a.start)
    matched: set[int] = set()
    for mine, other in _pairs(a.items, b.items):
        if mine is None:
            found.grown.add(a.start)
        elif other is None:
            found.gone.update(range(mine.start, mine.end))
        else:
            matched.add(mine.start)
            _compare(mine, other, found)


def _pairs(a: Sequence[Branch], b: Sequence[Branch]) -> Iterator[tuple[Branch | None, Branch | None]]:
    matcher = SequenceMatcher(None, [x.signature for x in a], [x.signature for x in b], autojunk=False)
    for what, i, j, k, m in matcher.get_opcodes():
        if what != "equal":
            yield from _like(a[i:j], b[k:m])


def _like(a: Sequence[Branch], b: Sequence[Branch]) -> Iterator[tuple[Branch | None, Branch | None]]:
    """Branches of one label in their order: all of them when there are as many, else those that look alike."""
    if [x.label for x in a] == [x.label for x in b]:
        yield from zip(a, b, strict=True)
        return
    first = 0
    for mine in a:
        rivals = [(n, _likeness(mine, other)) for n, other in enumerate(b[first:], first) if other.label == mine.label]
        best = max(rivals, key=lambda rival: rival[1], default=None)
        if best is None or (best[1] < _LIKE and (mine.items or len(rivals) > 1)):
            yield mine, None
            continue
        yield from ((None, other) for other in b[first : best[0]])
        yield mine, b[best[0]]
        first = best[0] + 1
    yield from ((None, other) for other in b[first:])


def _likeness(a: Branch, b: Branch) -> float:
    common = sum((a.bag & b.bag).values())
    return common / max(a.bag.total(), b.bag.total())
