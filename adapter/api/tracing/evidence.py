"""Evidence of what comes from where: the visit is printed again and again, each time with one thing changed.

What changes in a form when one value of the visit changes comes from that value; what changes with a row of the
tables comes from that row. Nothing is believed of the program itself, which might be what drops a field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from adapter.api.tracing import marks
from adapter.api.tracing.leaves import (
    Leaf,
    Path,
    defaulted,
    leaves,
    many_changed,
    variants,
    with_small_files,
    with_value,
)
from adapter.api.tracing.printing import Effect, Prints, World, prints
from adapter.api.tracing.scan import FORMS, Form, Scan, all_pieces, attributes, scan
from adapter.compose import Options
from adapter.mapping import Mappings

_TRIES: Final = 3  # values tried in the hope of one that keeps the structure


@dataclass(slots=True)
class Origins:
    """Origins of the atoms of one form, by rank of the atom."""

    fields: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    rows: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    settings: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    defaults: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def known(self, atom: int) -> bool:
        """True when something was seen to move the atom."""
        return any(some.get(atom) for some in (self.fields, self.rows, self.settings, self.defaults))


class Evidence:
    """What the printings of one visit showed; each step adds to it."""

    def __init__(self, visit: Mapping[str, Any], mappings: Mappings, options: Options) -> None:
        visit = self.visit = with_small_files(visit)
        self.mappings = mappings
        self.options = options
        self.leaves = leaves(visit)
        printed = prints(visit, mappings, options)
        if printed is None:
            raise ValueError("une visite déjà lue ne se compose pas")
        self.scans: dict[Form, Scan] = {form: scan(form, printed[form]) for form in FORMS}
        self.markers = marks.Markers(printed.values())
        self.plain = World(printed, self.scans, self.markers)
        self.origins: dict[Form, Origins] = {form: Origins() for form in FORMS}
        self.silent: dict[Form, dict[int, set[int]]] = {form: defaultdict(set) for form in FORMS}
        self.leaf_rows: dict[int, set[str]] = defaultdict(set)
        self.unsteady: dict[Form, set[int]] = {form: set() for form in FORMS}
        self._row_keys: list[marks.Key] = list(marks.word_keys(mappings))
        self._worded: Mappings = mappings
        self._world = self.plain
        self._residual: dict[Form, set[int]] = {form: set() for form in FORMS}

    # ---------------------------------------------------------------- tables

    def steadiness(self) -> None:
        """The same visit printed again: what differs depends on nothing that was given."""
        again = prints(self.visit, self.mappings, self.options)
        for form in FORMS:
            if again is not None:
                self.unsteady[form] = self.plain.effect(form, again[form]).atoms

    def words_of_tables(self) -> None:
        """All words of the tables marked at once; from here on, the visit is printed with the marked words."""

        def trial(numbers: Sequence[int]) -> Prints | None:
            return prints(self.visit, self._with_words(numbers), self.options)

        kept = self._harmless(range(len(self._row_keys)), trial, self.plain)
        self._worded = self._with_words(kept)
        printed = prints(self.visit, self._worded, self.options)
        if printed is None:
            return
        self._world = World(printed, self.scans, self.markers)
        for form in FORMS:
            for atom, numbers in self._marked_atoms(form, self._world.pieces(form)):
                self.origins[form].rows[atom] |= {self._row(number, form) for number in numbers}
        for number in sorted({*range(len(self._row_keys))} - {*kept}):
            self._row_alone(self._row_keys[number], self.markers.word(number))

    def _with_words(self, numbers: Iterable[int]) -> Mappings:
        return marks.marked(self.mappings, {self._row_keys[n]: self.markers.word(n) for n in numbers})

    def _row(self, number: int, form: Form) -> str:
        return marks.place(self.mappings, self._row_keys[number], form)

    def codes_of_tables(self) -> None:
        """Codes of the rows that the visit uses, marked together where no printer decides anything on them."""
        used = {(leaf.table, str(leaf.value)) for leaf in self.leaves if leaf.table}
        seen = {row for form in FORMS for rows in self.origins[form].rows.values() for row in rows}
        keys = [
            key
            for key in marks.code_keys(self.mappings)
            if key[0] != "code" or key[1:3] in used or marks.place(self.mappings, key) in seen
        ]

        def trial(numbers: Sequence[int]) -> Prints | None:
            words = {keys[n]: self.markers.word(n) for n in numbers}
            return prints(self.visit, marks.marked(self.mappings, words), self.options)

        kept = self._harmless([n for n, key in enumerate(keys) if not marks.decides(key)], trial, self.plain)
        printed = trial(kept)
        if printed is None:
            return
        for form in FORMS:
            for atom, numbers in self._marked_atoms(form, all_pieces(form, printed[form])):
                self.origins[form].rows[atom] |= {marks.place(self.mappings, keys[n], form) for n in numbers}
        for number in sorted({*range(len(keys))} - {*kept}):
            self._row_alone(keys[number], self.markers.word(number))

    def _row_alone(self, key: marks.Key, word: str) -> None:
        printed = prints(self.visit, marks.marked(self.mappings, {key: word}), self.options)
        if printed is None:
            return
        for form in FORMS:
            for atom in self.plain.effect(form, printed[form]).atoms:
                self.origins[form].rows[atom].add(marks.place(self.mappings, key, form))

    def _marked_atoms(self, form: Form, printed: Sequence[str]) -> Iterable[tuple[int, set[int]]]:
        """Atoms in which markers stand, with the ranks of these markers."""
        known = self.scans[form]
        for rank, piece in enumerate(printed):
            if not self.markers.ranks(piece):
                continue
            by_name = dict(attributes(piece)) if piece.startswith("<") else None
            for atom in known.of_piece.get(rank, ()):
                text = piece if by_name is None else by_name.get(known.atoms[atom].name, "")
                if found := self.markers.ranks(text):
                    yield atom, found

    def _harmless(
        self, numbers: Sequence[int], trial: Callable[[Sequence[int]], Prints | None], world: World
    ) -> list[int]:
        """Those of `numbers` that can be marked together without a change of structure."""
        if not numbers:
            return []
        printed = trial(numbers)
        if printed is not None and world.same_structure(printed):
            return list(numbers)
        if len(numbers) == 1:
            return []
        half = len(numbers) // 2
        left = self._harmless(numbers[:half], trial, world)
        right = self._harmless(numbers[half:], trial, world)
        both = trial([*left, *right])
        if both is not None and world.same_structure(both):
            return [*left, *right]
        return max(left, right, key=len)

    # ---------------------------------------------------------------- the visit

    def words_of_the_visit(self) -> None:
        """All free words of the visit marked at once, over the words of the tables."""
        first = len(self._row_keys)
        words = [n for n, leaf in enumerate(self.leaves) if leaf.words]

        def trial(numbers: Sequence[int]) -> Prints | None:
            values = dict(self._stand_in(n) for n in numbers)
            return prints(many_changed(self.visit, values), self._worded, self.options)

        kept = self._harmless(words, trial, self._world)
        printed = trial(kept)
        if printed is not None:
            for form in FORMS:
                marked: set[int] = set()
                for atom, numbers in self._marked_atoms(form, all_pieces(form, printed[form])):
                    told = {number - first for number in numbers if number >= first}
                    self.origins[form].fields[atom] |= told
                    if told:
                        marked.add(atom)
                self._residual[form] = self._world.effect(form, printed[form]).atoms - marked
        for number in sorted({*words} - {*kept}):
            self._words_alone(number)

    def _stand_in(self, number: int) -> tuple[Path, str]:
        leaf = self.leaves[number]
        return leaf.path, self.markers.stand_in(leaf.value, len(self._row_keys) + number, capitals=leaf.capitals)

    def _words_alone(self, number: int) -> None:
        printed = prints(many_changed(self.visit, dict([self._stand_in(number)])), self._worded, self.options)
        if printed is None:
            return
        word = self.markers.word(len(self._row_keys) + number)
        for form in FORMS:
            if word in printed[form].decode().lower():
                self._credit(number, form, self._world.effect(form, printed[form]))

    def other_values(self, stated: Callable[[Leaf], frozenset[Form]], step: Callable[[], None]) -> None:
        """Each other value of the visit changed on its own; `step` is called after each."""
        for number, leaf in enumerate(self.leaves):
            if not leaf.words and not leaf.empty:
                for form, effect in self.effects(leaf, stated(leaf)).items():
                    self._credit(number, form, effect)
            step()

    def effects(self, leaf: Leaf, stated: frozenset[Form]) -> dict[Form, Effect]:
        """What other values of `leaf` move in each form: by a value that keeps the structure, else by another.

        Args:
            leaf: a value of the visit.
            stated: forms for which a reason is known why nothing of it stands there: not searched for long.
        """
        world = self._world
        found: dict[Form, Effect] = {}
        rough: Prints = {}
        for tried, changed_visit in enumerate(variants(self.visit, leaf), 1):
            printed = prints(changed_visit, self._worded, self.options)
            if printed is None:
                continue
            for form in FORMS:
                if form not in found and printed[form] != world.printed[form]:
                    if effect := world.exact(form, printed[form]):
                        found[form] = effect
                    else:
                        rough.setdefault(form, printed[form])
            if all(form in found or form in stated or (tried >= _TRIES and form in rough) for form in FORMS):
                break
        for form in rough.keys() - found.keys():
            if effect := world.rough(form, rough[form]):
                found[form] = effect
        return found

    def told_apart(self, leaf: Leaf, form: Form) -> bool:
        """True when no other value of `leaf`, nor its absence, prints as it does: what is not printed tells it."""
        absent = many_changed(self.visit, {leaf.path: None})
        others = [prints(other, self._worded, self.options) for other in (absent, *variants(self.visit, leaf))]
        if leaf.others == (not leaf.value,):
            others = others[1:]  # of a boolean, absence is one of the two values
        return all(one is None or one[form] != self._world.printed[form] for one in others)

    def speaks_without(self, leaf: Leaf, form: Form, visit: Mapping[str, Any]) -> bool:
        """True when some value of `leaf` is printed in a visit from which something else was taken away."""
        base = prints(visit, self._worded, self.options)
        if base is None:
            return False
        others = (prints(other, self._worded, self.options) for other in variants(visit, leaf))
        return any(other is not None and other[form] != base[form] for other in others)

    def speaks_together(self, twins: Sequence[Leaf], form: Form) -> bool:
        """True when equal values are printed, once for all of them: changed together, they change the form."""
        for other in twins[0].others[:_TRIES]:
            changed = many_changed(self.visit, {twin.path: other for twin in twins})
            printed = prints(changed, self._worded, self.options)
            if printed is not None and printed[form] != self._world.printed[form]:
                return True
        return False

    def _credit(self, number: int, form: Form, effect: Effect) -> None:
        for atom in effect.atoms:
            self.origins[form].fields[atom].add(number)
        for node in effect.grown:
            self.silent[form][number].add(node)
        self.leaf_rows[number] |= {self._row(word, form) for word in effect.words if word < len(self._row_keys)}

    # ---------------------------------------------------------------- settings

    def settings(self) -> None:
        """Each choice of the installation changed on its own."""
        arc = None if self.options.issuer_oid else "1.2.250.1.999.1"
        settings = [s for s in self.mappings.tables.get("practice-settings", ()) if s != self.options.practice_setting]
        changes = {"issuer_oid": replace(self.options, issuer_oid=arc)}
        if settings:
            changes["practice_setting"] = replace(self.options, practice_setting=settings[0])
        for name, options in changes.items():
            printed = prints(self.visit, self._worded, options)
            if printed is None:
                continue
            for form in FORMS:
                for atom in self._world.effect(form, printed[form]).atoms:
                    self.origins[form].settings[atom].add(name)

    # ---------------------------------------------------------------- what is still obscure

    def obscure_ones(self, obscure: Callable[[], Mapping[Form, set[int]]]) -> None:
        """Changes that cost more and explain less, made only while `obscure` tells of atoms without origin."""
        for more in (self._words_one_by_one, self._equal_values, self._defaults):
            if not any(obscure().values()):
                return
            more()

    def _words_one_by_one(self) -> None:
        """Words that change something where they are not printed: a key derived from a name."""
        if not any(self._residual.values()):
            return
        for number, leaf in enumerate(self.leaves):
            if leaf.words:
                words = dict([self._stand_in(number)])
                printed = prints(many_changed(self.visit, words), self._worded, self.options)
                if printed is not None:
                    for form in FORMS:
                        for atom in self._world.effect(form, printed[form]).atoms & self._residual[form]:
                            self.origins[form].fields[atom].add(number)

    def _equal_values(self) -> None:
        """Values that stand twice in the visit, changed together: printed once, either of them would do."""
        same: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf.value, str) and leaf.others and not leaf.renames:
                same[leaf.path[-1], leaf.value].append(number)
        for numbers in same.values():
            if len(numbers) > 1:
                other = self.leaves[numbers[0]].others[0]
                values: dict[Path, Any] = {self.leaves[n].path: other for n in numbers}
                printed = prints(many_changed(self.visit, values), self._worded, self.options)
                for form in FORMS if printed is not None else ():
                    atoms = self._world.effect(form, printed[form]).atoms if printed is not None else set()
                    for atom in atoms:
                        if not self.origins[form].known(atom):
                            self.origins[form].fields[atom].update(numbers)

    def _defaults(self) -> None:
        """Values that the format supposes where the visit is silent."""
        for leaf in defaulted(self.visit):
            for other in leaf.others[:_TRIES]:
                printed = prints(with_value(self.visit, leaf.path, other), self._worded, self.options)
                if printed is None:
                    continue
                for form in FORMS:
                    for atom in self._world.effect(form, printed[form]).atoms:
                        self.origins[form].defaults[atom].add(leaf.name)
                break

    @cached_property
    def sections(self) -> frozenset[str]:
        """Keys of the sections of the document."""
        return frozenset(section.key for section in self.mappings.document.sections)
