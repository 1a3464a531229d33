"""What a trace says: paths, places and lines, never a value of the visit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.api.tracing.scan import FORMS, Form

FORMAT: Final = "dmp-adapter-trace/1"


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a printed form that has a text or attributes, or one value of the Bundle.

    Attributes:
        id: rank in the trace.
        form: ``cda``, ``fhir`` or ``sheet``.
        path: XPath without prefixes (CDA, sheet), or FHIRPath from ``Bundle``.
        inside: XPath within a FHIR narrative (``/div/table[1]/tbody[1]/tr[2]/td[1]``); else empty.
        place: title under which a reader finds it (sheet only); else empty.
        narrative: words for a reader; else data for a machine.
        fields: JSON paths of the visit that it comes from.
        rows: rows of the tables that it comes from (``codes/symptoms.csv:12``, ``messages/fr.toml:comment``).
        settings: names of the settings that it comes from.
        defaults: JSON paths on which the visit is silent, and of which the format supposes a value.
        constants: lines of the program that print it of their own accord (``cda/entries/goal.py:14``).
        unexplained: names of the attributes or members of which none of these tells the origin.
    """

    id: int
    form: Form
    path: str
    inside: str = ""
    place: str = ""
    narrative: bool = False
    fields: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()

    @property
    def locator(self) -> str:
        """Path, and path inside the narrative."""
        return self.path + self.inside


@dataclass(frozen=True, slots=True)
class Field:
    """One value, object or list of the visit.

    Attributes:
        path: JSON path.
        leaf: a single value; an object or a list goes where its values go.
        empty: null or empty list: nothing is said.
        nodes: ids of the nodes that it moves, by form.
        silent: ids of the nodes under which another value would add something: here absence speaks.
        rows: rows of the tables through which it went.
        reasons: by form, the stated reason for which nothing of it stands there.
        words_only: by form (CDA or FHIR), the stated reason for which it stands there in words, not in data.
    """

    path: str
    leaf: bool
    empty: bool = False
    nodes: Mapping[Form, tuple[int, ...]] = field(default_factory=dict)
    silent: Mapping[Form, tuple[int, ...]] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    reasons: Mapping[Form, str] = field(default_factory=dict)
    words_only: Mapping[Form, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """A value of the visit that one form does not print, or has in words only, for no stated reason.

    Attributes:
        path: JSON path.
        form: the form where it is missing.
        message: French sentence.
    """

    path: str
    form: Form
    message: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Where everything went, and where everything came from.

    Attributes:
        fields: the values of the visit, then its objects and lists, in the order of the visit.
        nodes: the nodes of the three forms.
        lost: the loss report.
        digest: digest of the tables used.
    """

    fields: tuple[Field, ...]
    nodes: tuple[Node, ...]
    lost: tuple[Loss, ...]
    digest: str = ""

    @property
    def unexplained(self) -> tuple[Node, ...]:
        """Nodes that hold something of which nobody knows where it comes from."""
        return tuple(node for node in self.nodes if node.unexplained)

    @property
    def complete(self) -> bool:
        """Nothing lost, nothing unexplained."""
        return not self.lost and not self.unexplained

    def under(self, path: str) -> tuple[Field, ...]:
        """Fields at `path` or below it."""
        return tuple(f for f in self.fields if f.path == path or f.path.startswith((f"{path}.", f"{path}[")))

    def at(self, path: str) -> tuple[Node, ...]:
        """Nodes at `path` (XPath or FHIRPath) or below it; none for an empty path."""
        if not path:
            return ()
        below = (f"{path}/", f"{path}.", f"{path}[")
        return tuple(node for node in self.nodes if node.locator == path or node.locator.startswith(below))

    def as_dict(self) -> dict[str, Any]:
        """JSON form, stable within its ``format``."""
        return {
            "format": FORMAT,
            "mappings": self.digest,
            "fields": [_field(one) for one in self.fields],
            "nodes": [_node(one) for one in self.nodes],
            "lost": [{"path": one.path, "form": one.form, "message": one.message} for one in self.lost],
            "unexplained": [node.id for node in self.unexplained],
        }


def _field(one: Field) -> dict[str, Any]:
    return {
        "path": one.path,
        "leaf": one.leaf,
        "empty": one.empty,
        **{form: list(one.nodes.get(form, ())) for form in FORMS},
        "silent": {form: list(ids) for form, ids in one.silent.items()},
        "rows": list(one.rows),
        "reasons": dict(one.reasons),
        "words_only": dict(one.words_only),
    }


def _node(one: Node) -> dict[str, Any]:
    return dict(_members(one))


def _members(one: Node) -> Iterator[tuple[str, Any]]:
    yield from (("id", one.id), ("form", one.form), ("path", one.path), ("inside", one.inside), ("place", one.place))
    yield "narrative", one.narrative
    for name in ("fields", "rows", "settings", "defaults", "constants", "unexplained"):
        yield name, list(getattr(one, name))
