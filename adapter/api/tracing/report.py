"""Evidence put into words: each field with its destinations or its reasons, each node with its origins."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from adapter.api.tracing import reasons
from adapter.api.tracing.evidence import Evidence
from adapter.api.tracing.leaves import Leaf, many_changed
from adapter.api.tracing.own import own
from adapter.api.tracing.scan import FORMS, Form
from adapter.api.tracing.values import Field, Loss, Node, Trace
from adapter.compose import Options
from adapter.mapping import Mappings

_MACHINE_FORMS: Final[tuple[Form, Form]] = ("cda", "fhir")
_FORM_NAMES: Final[Mapping[Form, str]] = {"cda": "le document CDA", "fhir": "le Bundle FHIR", "sheet": "la fiche"}


def report(
    visit: Mapping[str, Any],
    mappings: Mappings,
    options: Options,
    not_shared: Mapping[str, str],
    progress: Callable[[int, int], None],
) -> Trace:
    """Trace of a visit (plain JSON that the model accepts).

    Args:
        visit: what is traced.
        mappings: tables.
        options: choices of the installation.
        not_shared: reasons of ``mappings/not-shared.toml``, by path without ranks.
        progress: told how many steps are done, and of how many.
    """
    evidence = Evidence(visit, mappings, options)
    stated = {leaf.name: reasons.stated(leaf.name, leaf.value, not_shared) for leaf in evidence.leaves}
    total = len(evidence.leaves) + 4
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    for gather in (
        evidence.steadiness,
        evidence.words_of_tables,
        evidence.codes_of_tables,
        evidence.words_of_the_visit,
    ):
        gather()
        step()
    evidence.other_values(lambda leaf: frozenset(stated[leaf.name]), step)
    evidence.settings()
    evidence.obscure_ones(lambda: _obscure(evidence))
    return _Report(evidence, stated).trace()


def _obscure(evidence: Evidence) -> dict[Form, set[int]]:
    """Atoms of which nothing tells the origin yet."""
    found: dict[Form, set[int]] = {}
    for form in FORMS:
        told = own(evidence, form)
        numbers = range(len(evidence.scans[form].atoms))
        found[form] = {n for n in numbers if n not in told and not evidence.origins[form].known(n)}
    return found


class _Report:
    def __init__(self, evidence: Evidence, stated: Mapping[str, dict[Form, str]]) -> None:
        self.evidence = evidence
        self.stated = stated
        self.ids: dict[tuple[Form, int], int] = {}
        self.lost: list[Loss] = []
        self.own = {form: own(evidence, form) for form in FORMS}
        self.headings: dict[int, str] = {}
        self.went: dict[Form, dict[int, set[int]]] = {form: defaultdict(set) for form in FORMS}  # nodes by field
        for form, went in self.went.items():
            atoms = evidence.scans[form].atoms
            for atom, fields in evidence.origins[form].fields.items():
                for number in fields:
                    went[number].add(atoms[atom].node)

    def trace(self) -> Trace:
        nodes = tuple(self._nodes())
        leaves = [self._leaf(number, leaf) for number, leaf in enumerate(self.evidence.leaves)]
        fields = (*leaves, *_containers(leaves))
        return Trace(fields, nodes, tuple(self.lost), self.evidence.mappings.digest)

    # ---------------------------------------------------------------- nodes

    def _nodes(self) -> Iterator[Node]:
        for form in FORMS:
            known = self.evidence.scans[form]
            atoms: dict[int, list[int]] = defaultdict(list)
            for number, atom in enumerate(known.atoms):
                atoms[atom.node].append(number)
            for number in sorted({*atoms, *(n for nodes in self.evidence.silent[form].values() for n in nodes)}):
                self.ids[form, number] = len(self.ids)
                yield self._node(form, number, atoms[number])

    def _node(self, form: Form, number: int, atoms: list[int]) -> Node:
        evidence = self.evidence
        known, origins = evidence.scans[form], evidence.origins[form]
        rows: dict[str, None] = {}
        constants: dict[str, None] = {}
        unexplained: list[str] = []
        for atom in atoms:
            row, line = self.own[form].get(atom, ("", ""))
            if atom in evidence.unsteady[form] or not (row or line or origins.known(atom)):
                unexplained.append(known.atoms[atom].name)
            if row:
                rows[row] = None
            if line:
                constants[line] = None
            rows.update(dict.fromkeys(sorted(origins.rows.get(atom, ()))))
        fields = sorted({leaf for atom in atoms for leaf in origins.fields.get(atom, ())})
        settings = sorted({name for atom in atoms for name in origins.settings.get(atom, ())})
        defaults = sorted({name for atom in atoms for name in origins.defaults.get(atom, ())})
        place = known.places[number]
        return Node(
            id=self.ids[form, number],
            form=form,
            path=place.path,
            inside=place.inside,
            place=self._heading(form, place.heading),
            narrative=place.narrative,
            fields=tuple(evidence.leaves[leaf].name for leaf in fields),
            rows=tuple(rows),
            settings=tuple(settings),
            defaults=tuple(defaults),
            constants=tuple(constants),
            unexplained=tuple(dict.fromkeys(unexplained)),
        )

    def _heading(self, form: Form, heading: int) -> str:
        """Title above a node of the sheet, unless words of the visit stand in it."""
        if form != "sheet" or heading < 0:
            return ""
        if heading not in self.headings:
            atoms = self.evidence.scans[form].atoms
            told = [n for n, atom in enumerate(atoms) if atom.node == heading and atom.name == "#text"]
            secret = any(self.evidence.origins[form].fields.get(n) for n in told)
            self.headings[heading] = "" if secret else " ".join(atoms[n].value.strip() for n in told)
        return self.headings[heading]

    # ---------------------------------------------------------------- fields

    def _leaf(self, number: int, leaf: Leaf) -> Field:
        evidence = self.evidence
        nodes: dict[Form, tuple[int, ...]] = {}
        silent: dict[Form, tuple[int, ...]] = {}
        told: dict[Form, str] = {}
        for form in FORMS:
            found = self.went[form].get(number, set())
            grown = evidence.silent[form].get(number, set())
            if found:
                nodes[form] = tuple(sorted(self.ids[form, node] for node in found))
            elif grown and evidence.told_apart(leaf, form):
                silent[form] = tuple(sorted(self.ids[form, node] for node in grown))
            elif not leaf.empty:
                reason = self.stated[leaf.name].get(form) or self._carried(leaf, form)
                if reason:
                    told[form] = reason
                else:
                    message = f"Aucune valeur de ce champ ne change {_FORM_NAMES[form]}, et aucune raison n'est connue."
                    self.lost.append(Loss(leaf.name, form, message))
        return Field(
            leaf.name,
            leaf=True,
            empty=leaf.empty,
            nodes=nodes,
            silent=silent,
            rows=tuple(sorted(evidence.leaf_rows[number])),
            reasons=told,
            words_only=self._words_only(number, leaf),
        )

    def _words_only(self, number: int, leaf: Leaf) -> dict[Form, str]:
        """Reason by form that has words where the other machine form has data; one that is unknown is a loss."""
        data = {form: self._data(number, form) for form in _MACHINE_FORMS}
        found: dict[Form, str] = {}
        for form, other in (_MACHINE_FORMS, _MACHINE_FORMS[::-1]):
            if data[other] and not data[form] and number in self.went[form]:
                reason = reasons.words_only(leaf.name, leaf.value, form) or self.stated[leaf.name].get(form, "")
                if reason:
                    found[form] = reason
                else:
                    message = f"Données dans {_FORM_NAMES[other]}, mais texte seulement dans {_FORM_NAMES[form]}."
                    self.lost.append(Loss(leaf.name, form, message))
        return found

    def _data(self, number: int, form: Form) -> bool:
        """True when a field moves something else than narrative."""
        places = self.evidence.scans[form].places
        return any(not places[node].narrative for node in self.went[form].get(number, ()))

    def _carried(self, leaf: Leaf, form: Form) -> str:
        """Reason that something hides `leaf`, once it was seen that `leaf` is printed without it."""
        evidence = self.evidence
        by_name = {other.name: other for other in evidence.leaves}
        for name, value, reason in reasons.carriers(leaf.name):
            if name in by_name:
                without = many_changed(evidence.visit, {by_name[name].path: value})
            elif name.startswith("$.") and name[2:] in evidence.visit:
                without = {key: held for key, held in evidence.visit.items() if key != name[2:]}
            else:
                continue
            if evidence.speaks_without(leaf, form, without):
                return reason
        for twin in evidence.leaves:
            if _twins(leaf, twin) and evidence.speaks_together((leaf, twin), form):
                return f"Dit aussi par {twin.name}, et imprimé une seule fois."
        return ""


def _twins(leaf: Leaf, other: Leaf) -> bool:
    """True for equal values of two entries of one list."""
    pairs = zip(leaf.path, other.path, strict=False)
    apart = [(a, b) for a, b in pairs if a != b]
    return (
        len(leaf.path) == len(other.path)
        and leaf.value == other.value
        and len(apart) == 1
        and all(isinstance(step, int) for step in apart[0])
    )


def _containers(leaves: list[Field]) -> Iterator[Field]:
    """Objects and lists of the visit, each with what its values have."""
    within: dict[str, list[Field]] = {}
    for leaf in leaves:
        steps = re.findall(r"\.\w+|\[\d+\]", leaf.path)
        for count in range(len(steps)):
            within.setdefault("$" + "".join(steps[:count]), []).append(leaf)
    for path, inner in within.items():
        yield Field(
            path,
            leaf=False,
            empty=all(one.empty for one in inner),
            nodes=_merged([one.nodes for one in inner]),
            silent=_merged([one.silent for one in inner]),
            rows=tuple(sorted({row for one in inner for row in one.rows})),
        )


def _merged(given: list[Mapping[Form, tuple[int, ...]]]) -> dict[Form, tuple[int, ...]]:
    found = {form: tuple(sorted({id_ for one in given for id_ in one.get(form, ())})) for form in FORMS}
    return {form: ids for form, ids in found.items() if ids}
