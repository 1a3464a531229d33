"""Printings of one visit, and what one of them has that another has not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from adapter import cda, fhir, render
from adapter.api.tracing.branches import differences, grow
from adapter.api.tracing.marks import Markers
from adapter.api.tracing.scan import FORMS, Form, Scan, chunks, masked, pieces
from adapter.compose import Options, compose
from adapter.errors import FindingsError
from adapter.mapping import Mappings
from adapter.model.visit import Visit

_TELLING: Final = 4  # characters from which an equal text is the same text, moved
Prints = dict[Form, bytes]


def prints(visit: Mapping[str, Any], mappings: Mappings, options: Options) -> Prints | None:
    """The three forms of a visit; None when a changed visit or a changed table cannot be composed."""
    try:
        document = compose(Visit.model_validate(visit), mappings, options)
        return {"cda": cda.render(document), "fhir": fhir.render(document), "sheet": render.render(document)}
    except (ValidationError, FindingsError, ValueError, LookupError, ArithmeticError):
        return None


@dataclass(slots=True)
class Effect:
    """Atoms of one form that a change moves; the words of tables that left with it; where something new grew."""

    atoms: set[int] = field(default_factory=set)
    words: set[int] = field(default_factory=set)
    grown: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.atoms or self.grown)


class World:
    """One printing to which others are compared; its pieces face those of the scans, with other words perhaps."""

    def __init__(self, printed: Prints, scans: Mapping[Form, Scan], markers: Markers) -> None:
        self.printed = printed
        self.markers = markers
        self.scans = scans
        self._chunks: dict[Form, list[str]] = {form: chunks(form, printed[form]) for form in FORMS}
        self._pieces: dict[Form, list[list[str]]] = {
            form: [pieces(form, chunk) for chunk in self._chunks[form]] for form in FORMS
        }

    def pieces(self, form: Form) -> list[str]:
        """Pieces of one form, in order."""
        return [piece for some in self._pieces[form] for piece in some]

    def same_structure(self, printed: Prints) -> bool:
        """True when every piece of another printing has its counterpart."""
        return all(self._apart(form, printed[form]) is not None for form in FORMS)

    def effect(self, form: Form, printed: bytes) -> Effect:
        """What another printing of one form changes."""
        return self.exact(form, printed) or self.rough(form, printed)

    def exact(self, form: Form, printed: bytes) -> Effect | None:
        """What a printing of the same structure changes, piece by piece; None when it is not the same structure."""
        apart = self._apart(form, printed)
        if apart is None or _moved_about(apart):
            return None
        found = Effect()
        for rank, mine, other in apart:
            found.atoms.update(self.scans[form].moved(rank, mine, other))
            found.words |= self.markers.ranks(mine) - self.markers.ranks(other)
        return found

    def _apart(self, form: Form, printed: bytes) -> list[tuple[int, str, str]] | None:
        """Rank, own piece and other piece, where they differ; None when the structure is not the same."""
        others = chunks(form, printed)
        if len(others) != len(self._chunks[form]):
            return None
        found: list[tuple[int, str, str]] = []
        start = 0
        for chunk, mine, other in zip(self._chunks[form], self._pieces[form], others, strict=True):
            if chunk != other:
                theirs = pieces(form, other)
                ranks = self.scans[form].changed(start, mine, theirs)
                if ranks is None:
                    return None
                found += [(rank, mine[rank - start], theirs[rank - start]) for rank in ranks]
            start += len(mine)
        return found

    def rough(self, form: Form, printed: bytes) -> Effect:
        """What a printing of another structure changes, both being laid side by side where they differ."""
        known, mine, others = self.scans[form], self._chunks[form], chunks(form, printed)
        first = _common(mine, others)
        last = _common(mine[first:][::-1], others[first:][::-1])
        start = sum(map(len, self._pieces[form][:first]))
        before, after = (
            grow(masked(form, "".join(some[first : len(some) - last])), start, json=form == "fhir")
            for some in (mine, others)
        )
        apart = differences(before, after)
        pieces_ = self.pieces(form)
        found = Effect()
        for rank in apart.gone:
            found.atoms.update(known.of_piece.get(rank, ()))
            found.words |= self.markers.ranks(pieces_[rank])
        found.grown = {known.node_at(rank) for rank in apart.grown} - {-1}
        return found


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """How many items `a` and `b` share at their head."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _moved_about(apart: Iterable[tuple[int, str, str]]) -> bool:
    """True when a text that left one place stands in another: the pieces no longer face their counterparts."""
    telling = [(mine, other) for _, mine, other in apart if len(mine) >= _TELLING]
    return not {mine for mine, _ in telling}.isdisjoint({other for _, other in telling})
