"""Definitions found in FHIR package folders: profiles as trees of elements, value sets as sets of codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from adapter.errors import AdapterError

Element = dict[str, Any]

BASE: Final = "http://hl7.org/fhir/StructureDefinition/"


class PackageError(AdapterError):
    """A file of a package that is not a definition; the message names it."""


@dataclass(slots=True)
class Node:
    """One element of a profile snapshot.

    Attributes:
        source: the snapshot element as published.
        children: members by name (``value[x]`` keeps its brackets).
        slices: named alternatives of this element, in their order.
    """

    id: str
    source: Element
    children: dict[str, Node] = field(default_factory=dict)
    slices: list[Node] = field(default_factory=list)

    @property
    def low(self) -> int:
        """Fewest occurrences."""
        return int(self.source.get("min", 0))

    @property
    def high(self) -> int | None:
        """Most occurrences, None for any number."""
        most = self.source.get("max", "*")
        return None if most == "*" else int(most)

    @property
    def types(self) -> list[Element]:
        """Types as published."""
        held: list[Element] = self.source.get("type", [])
        return held

    @property
    def name(self) -> str:
        """Name of the member, without the name of the slice."""
        return str(self.source["path"]).rpartition(".")[2]

    def stated(self) -> tuple[str, Any] | None:
        """Kind (``fixed`` or ``pattern``) and value that the element must have, or None."""
        for key, value in self.source.items():
            if key.startswith(("fixed", "pattern")):
                return ("fixed" if key.startswith("fixed") else "pattern"), value
        return None


@dataclass(slots=True)
class Profile:
    """One StructureDefinition with its snapshot as a tree.

    Attributes:
        url: canonical address, without version.
        type: resource or data type that it constrains.
        root: first element; `nodes` gives any element by its id.
    """

    url: str
    type: str
    base: str
    derived: bool
    root: Node
    nodes: dict[str, Node]


@dataclass(slots=True)
class CodeList:
    """Codes of one value set.

    Attributes:
        pairs: system and code of each concept.
        systems: systems of which any code is a member (their content is not at hand).
        whole: False when a part of the set could not be read; then only a hit is sure.
    """

    pairs: set[tuple[str, str]] = field(default_factory=set)
    systems: set[str] = field(default_factory=set)
    whole: bool = True

    def __contains__(self, pair: object) -> bool:
        return pair in self.pairs or (isinstance(pair, tuple) and pair[0] in self.systems)

    def has_code(self, code: str) -> bool:
        """True when `code` is a member whatever its system."""
        return bool(self.systems) or any(code == one for _, one in self.pairs)


def bare(url: str) -> str:
    """Canonical address without its version."""
    return url.partition("|")[0]


class Definitions:
    """Everything found in the package folders, by canonical address; trees and sets are made on demand."""

    def __init__(self, directory: Path) -> None:
        """Read the folders.

        Args:
            directory: holds ``NAME/package/*.json``, the layout of FHIR npm packages.
        Raises:
            FileNotFoundError: no package folder there.
            PackageError: a file is not JSON, or a profile has no elements.
        """
        self._profiles: dict[str, Element] = {}
        self._sets: dict[str, Element] = {}
        self._systems: dict[str, Element] = {}
        self._trees: dict[str, Profile | None] = {}
        self._lists: dict[str, CodeList | None] = {}
        folders = sorted(directory.glob("*/package"))
        if not folders:
            raise FileNotFoundError(f"aucun paquet FHIR dans {directory}")
        homes = {
            "StructureDefinition": self._profiles,
            "ValueSet": self._sets,
            "CodeSystem": self._systems,
        }
        for folder in folders:
            for path in sorted(folder.glob("*.json")):
                home = homes.get(path.name.partition("-")[0])
                if home is not None:
                    held = _definition(path, f"{folder.parent.name}/{path.name}")
                    if isinstance(held, dict) and isinstance(held.get("url"), str):
                        home.setdefault(held["url"], held)

    def profile(self, url: str) -> Profile | None:
        """Profile or base definition at a canonical address, or None when it is not at hand."""
        url = bare(url)
        if url not in self._trees:
            held = self._profiles.get(url)
            self._trees[url] = _tree(held) if held is not None and "snapshot" in held else None
        return self._trees[url]

    def base(self, name: str) -> Profile | None:
        """Base definition of a resource or data type."""
        return self.profile(name if "/" in name else BASE + name)

    def descends(self, url: str, ancestor: str) -> bool:
        """True when the profile at `url` is `ancestor` or is derived from it."""
        url, ancestor = bare(url), bare(ancestor)
        for _ in range(20):
            if url == ancestor:
                return True
            held = self._profiles.get(url)
            if held is None:
                return False
            url = bare(held.get("baseDefinition", ""))
        return False

    def codes(self, url: str) -> CodeList | None:
        """Codes of a value set, or None when it is not at hand."""
        url = bare(url)
        if url not in self._lists:
            self._lists[url] = None  # a set that includes itself gives nothing more
            self._lists[url] = self._expand(url)
        return self._lists[url]

    def _expand(self, url: str) -> CodeList | None:
        """Codes gathered from the expansion or the composition of one value set."""
        held = self._sets.get(url)
        if held is None:
            return None
        codes = CodeList()
        contains = held.get("expansion", {}).get("contains")
        if contains:
            for system, code in _contained(contains):
                codes.pairs.add((system, code))
            return codes
        compose = held.get("compose", {})
        for part in compose.get("include", []):
            self._include(codes, part)
        for part in compose.get("exclude", []):
            taken = CodeList()
            self._include(taken, part)
            codes.pairs -= taken.pairs
            codes.whole = codes.whole and not taken.systems
        return codes

    def _include(self, codes: CodeList, part: Element) -> None:
        """Add one part of a composition."""
        for inner in part.get("valueSet", []):
            held = self.codes(inner)
            if held is None:
                codes.whole = False
            elif "system" not in part:
                codes.pairs |= held.pairs
                codes.systems |= held.systems
                codes.whole = codes.whole and held.whole
            else:
                codes.whole = False
        system = part.get("system")
        if not isinstance(system, str) or part.get("valueSet"):
            return
        if "concept" in part:
            codes.pairs |= {(system, concept["code"]) for concept in part["concept"]}
            return
        content = self._systems.get(system)
        if "filter" in part:
            codes.whole = False
        elif content is not None and content.get("content") == "complete":
            codes.pairs |= {(system, code) for code in _concepts(content.get("concept", []))}
        else:
            codes.systems.add(system)


def _concepts(concepts: list[Element]) -> Iterator[str]:
    """Codes of a tree of concepts."""
    for concept in concepts:
        yield concept["code"]
        yield from _concepts(concept.get("concept", []))


def _contained(contains: list[Element]) -> Iterator[tuple[str, str]]:
    """Pairs of an expansion."""
    for one in contains:
        if "code" in one:
            yield one.get("system", ""), one["code"]
        yield from _contained(one.get("contains", []))


def _definition(path: Path, name: str) -> Any:
    """JSON value of one file of a package; a snapshot, if it has one, can be made a tree.

    Raises:
        PackageError: it is not JSON, or its snapshot is not a list of named elements.
    """
    try:
        held = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        raise PackageError(f"{name} : ce fichier n'est pas du JSON.") from None
    if isinstance(held, dict) and "snapshot" in held:
        snapshot = held["snapshot"]
        elements = snapshot.get("element") if isinstance(snapshot, dict) else None
        if not isinstance(elements, list) or not elements:
            raise PackageError(f"{name} : ce profil n'a aucun élément.")
        named = all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in elements)
        if not named or not isinstance(held.get("type"), str):
            raise PackageError(f"{name} : ce profil n'a pas de type, ou un de ses éléments n'a pas d'identifiant.")
    return held


def _tree(held: Element) -> Profile:
    """Profile with its snapshot as a tree."""
    first, *others = held["snapshot"]["element"]
    root = Node(first["id"], first)
    nodes: dict[str, Node] = {root.id: root}
    for source in others:
        node = nodes[source["id"]] = Node(source["id"], source)
        parent_id, _, last = source["id"].rpartition(".")
        name, _, slice_name = last.partition(":")
        parent = nodes.get(parent_id)
        if parent is None:
            continue
        if not slice_name:
            parent.children[name] = node
        elif name in parent.children:
            parent.children[name].slices.append(node)
        else:
            parent.children[name] = node
    return Profile(
        url=bare(held["url"]),
        type=held["type"],
        base=bare(held.get("baseDefinition", "")),
        derived=held.get("derivation") == "constraint",
        root=root,
        nodes=nodes,
    )
