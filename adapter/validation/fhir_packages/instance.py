"""One instance judged against the profiles that it declares and the base of its type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from adapter.errors import Finding, Severity
from adapter.model.json_input import FIELD_LIKE
from adapter.validation.fhir_packages.definitions import BASE, Definitions, Element, Node, Profile, bare
from adapter.validation.fhir_packages.invariants import SKIPPED, holds
from adapter.validation.fhir_packages.texts import RULES
from adapter.validation.fhir_rules.shapes import PRIMITIVES

SYSTEM_TYPE: Final = "http://hl7.org/fhirpath/System."
EXTENSION_STEP: Final = re.compile(r"extension\('([^']+)'\)")
STEPS: Final = re.compile(r"extension\('[^']+'\)|[^.]+")
MEMBERS: Final = frozenset(("resourceType", "fhir_comments"))
TRIAL_DEPTH: Final = 4
ABSENT: Final = "absent"


class Judge:
    """Judgement of one instance; `findings` grows, each fault told once."""

    def __init__(self, definitions: Definitions, root: Element) -> None:
        self.definitions = definitions
        self.root = root
        self.findings: dict[tuple[str, str, str], Finding] = {}
        self.trial = 0
        self.conforming: dict[tuple[int, str], bool] = {}
        self.entries: dict[str, Element] = {}
        for entry in root.get("entry", []) if isinstance(root.get("entry"), list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
                one = entry["resource"]
                if isinstance(entry.get("fullUrl"), str):
                    self.entries.setdefault(entry["fullUrl"], one)
                self.entries.setdefault(f"{one.get('resourceType')}/{one.get('id')}", one)

    def add(self, rule: str, path: str, detail: str, severity: Severity | None = None) -> None:
        """One more finding; `detail` names profiles and members, never values."""
        text = RULES[rule]
        finding = Finding(rule, severity or text.severity, path, f"{text.title} : {detail}.", text.source)
        self.findings.setdefault((rule, path, detail), finding)

    # --- resources ---------------------------------------------------------------------------------------------

    def resource(self, value: Element, path: str, wanted: tuple[str, ...] = (), holder: Element | None = None) -> None:
        """Judge one resource against its base, its declared profiles and the profiles `wanted` by its place.

        `holder` is the resource that contains it, for its references; None when it stands alone.
        """
        kind = value.get("resourceType")
        base = self.definitions.base(kind) if isinstance(kind, str) else None
        if base is None or "/" in str(kind):
            self.add("PKG-TYPE", path, "type de ressource inconnu des paquets")
            return
        about = value.get("meta")
        declared = about.get("profile") if isinstance(about, dict) else None
        urls = [bare(url) for url in declared if isinstance(url, str)] if isinstance(declared, list) else []
        profiles: list[Profile] = []
        for url in dict.fromkeys((*urls, *wanted)):
            profile = self.definitions.profile(url)
            if profile is None:
                self.add("PKG-UNKNOWN-PROFILE", path, "un profil déclaré n'y est pas")
            elif profile.type != kind:
                self.add("PKG-TYPE", path, f"{url} est un profil de {profile.type}")
            else:
                profiles.append(profile)
        for profile in profiles or [base]:
            self.object(value, profile.root, profile, path, holder or value)

    def conforms(self, value: Element, url: str, holder: Element | None = None) -> bool:
        """True when a resource declares the profile at `url` (or one derived from it), or meets it without error."""
        kind = value.get("resourceType")
        if bare(url).startswith(BASE):
            name = bare(url)[len(BASE) :]
            if name in ("Resource", "DomainResource") or name == kind:
                return True
        about = value.get("meta")
        declared = about.get("profile") if isinstance(about, dict) else None
        if isinstance(declared, list) and any(
            isinstance(one, str) and self.definitions.descends(one, url) for one in declared
        ):
            return True
        profile = self.definitions.profile(url)
        if profile is None:
            return True
        if profile.type != kind:
            return False
        key = (id(value), profile.url)
        if key not in self.conforming:
            if self.trial >= TRIAL_DEPTH:
                return True
            self.conforming[key] = True  # while it is tried, a circle of references is not a fault
            trial = Judge(self.definitions, self.root)
            trial.trial = self.trial + 1
            trial.conforming = self.conforming
            trial.object(value, profile.root, profile, "", holder or value)
            self.conforming[key] = not any(one.severity is Severity.ERROR for one in trial.findings.values())
        return self.conforming[key]

    def resolve(self, text: str, holder: Element) -> Element | None:
        """Resource that a reference names: contained in its holder, or an entry."""
        if text.startswith("#"):
            held = holder.get("contained")
            for one in held if isinstance(held, list) else ():
                if isinstance(one, dict) and one.get("id") == text[1:]:
                    return one
            return None
        return self.entries.get(text)

    # --- elements ----------------------------------------------------------------------------------------------

    def object(self, value: Element, node: Node, profile: Profile, path: str, holder: Element) -> None:
        """Judge the members of one element against one node and its children."""
        self.constraints(value, node, path, holder)
        known: set[str] = set(MEMBERS)
        for child in node.children.values():
            self.member(list(_members(value, child, known)), child, profile, path, holder)
        for name, held in value.items():
            if name.startswith("_") and name[1:] in known:
                self.paired(held, f"{path}.{name[1:]}", holder)
            elif name not in known:
                shown = name if FIELD_LIKE.match(name) else "?"
                self.add("PKG-ELEMENT", f"{path}.{shown}", f"{profile.type} ne le connaît pas")

    def paired(self, value: Any, path: str, holder: Element) -> None:
        """Judge the extensions of a primitive, found in its pair ``_name``."""
        base = self.definitions.base("Extension")
        for one in value if isinstance(value, list) else [value]:
            held = one.get("extension") if isinstance(one, dict) else None
            for index, extension in enumerate(held if isinstance(held, list) else ()):
                if isinstance(extension, dict) and base is not None:
                    place = f"{path}.extension[{index}]"
                    self.object(extension, base.root, base, place, holder)
                    self.extension(extension, {}, place, holder)

    def member(
        self, held: list[tuple[str, int, Any, str]], node: Node, profile: Profile, path: str, holder: Element
    ) -> None:
        """Judge all occurrences of one member: their number, their slices, then each of them."""
        here = f"{path}.{node.name.removesuffix('[x]')}"
        self.count(len(held), node, here, profile)
        if not held and not node.slices:
            return
        sorted_out: dict[int, list[tuple[str, int, Any, str]]] = {index: [] for index in range(len(node.slices))}
        slicing = node.source.get("slicing")
        for one in held:
            name, index, item, kind = one
            place = f"{path}.{name}" + (f"[{index}]" if index >= 0 else "")
            self.item(item, kind, node, profile, place, holder)
            if not node.slices:
                continue
            chosen = self.slice_of(item, kind, node, profile, holder)
            if chosen is not None:
                sorted_out[chosen].append(one)
                self.item(item, kind, node.slices[chosen], profile, place, holder)
            elif isinstance(slicing, dict) and slicing.get("rules") == "closed":
                self.add("PKG-SLICE", place, f"aucune tranche de {_last(profile.url)} ne l'accueille")
        for index, part in enumerate(node.slices):
            self.count(len(sorted_out[index]), part, here, profile)

    def count(self, number: int, node: Node, path: str, profile: Profile) -> None:
        """Judge how many times a member or a slice stands."""
        told = f"{_last(profile.url)} {node.id.partition('.')[2]}"
        if number < node.low:
            self.add("PKG-MIN", path, f"{told} au moins {node.low}")
        if node.high is not None and number > node.high:
            self.add("PKG-MAX", path, f"{told} au plus {node.high}")

    def item(self, value: Any, kind: str, node: Node, profile: Profile, path: str, holder: Element) -> None:
        """Judge one occurrence: type, fixed value, binding, then what is inside."""
        if kind == ABSENT:
            return
        stated = node.stated()
        if stated is not None and not _meets(value, *stated):
            self.add("PKG-VALUE", path, f"valeur imposée par {_last(profile.url)}")
        self.binding(value, node, profile, path)
        if "contentReference" in node.source:
            target = profile.nodes.get(node.source["contentReference"].rpartition("#")[2])
            if target is not None and isinstance(value, dict):
                self.object(value, target, profile, path, holder)
            return
        types = [one for one in node.types if one["code"] == kind] or (node.types if not kind else [])
        if node.types and not types:
            self.add("PKG-TYPE", path, f"type non admis par {_last(profile.url)}")
            return
        code = types[0]["code"] if types else "BackboneElement"
        if code in PRIMITIVES or code.startswith(SYSTEM_TYPE):
            self.primitive(value, code, node, path)
            return
        if not isinstance(value, dict) or not value:
            self.add("PKG-SHAPE", path, "un objet non vide est attendu")
            return
        if code in ("Resource", "DomainResource") or (self._is_resource(code)):
            self.inner_resource(value, code, types[0], path, holder if node.name == "contained" else None)
            return
        if node.children:
            self.object(value, node, profile, path, holder)
        else:
            self.constraints(value, node, path, holder)
            base = self.definitions.base(code)
            if base is not None:
                self.object(value, base.root, base, path, holder)
        if code == "Extension":
            self.extension(value, types[0], path, holder)
        elif types and types[0].get("profile"):
            self.typed(value, types[0]["profile"], path, holder)
        if code == "Reference":
            self.reference(value, types[0], path, holder)

    def _is_resource(self, code: str) -> bool:
        """True when a type code names a resource."""
        base = self.definitions.base(code) if code[:1].isupper() else None
        return base is not None and bare(base.base) in (BASE + "DomainResource", BASE + "Resource")

    def inner_resource(self, value: Element, code: str, stated: Element, path: str, holder: Element | None) -> None:
        """Judge a resource inside another one."""
        if code not in ("Resource", "DomainResource") and value.get("resourceType") != code:
            self.add("PKG-TYPE", path, f"{code} est attendu")
            return
        wanted = stated.get("profile", [])
        if len(wanted) == 1 and self.trial == 0:
            self.resource(value, path, tuple(map(bare, wanted)), holder)
            return
        if self.trial == 0:
            self.resource(value, path, (), holder)
        if wanted and not any(self.conforms(value, url, holder) for url in wanted):
            self.add("PKG-TARGET", path, "aucun des profils attendus n'est suivi")

    def typed(self, value: Element, urls: list[str], path: str, holder: Element) -> None:
        """Judge a data type against its profile; with several, one is enough and only a total miss is told."""
        profiles = [profile for url in urls if (profile := self.definitions.profile(url)) is not None]
        if len(profiles) == 1:
            self.object(value, profiles[0].root, profiles[0], path, holder)

    def extension(self, value: Element, stated: Element, path: str, holder: Element) -> None:
        """Judge an extension against its definition."""
        urls = stated.get("profile") or [value.get("url")]
        for url in urls:
            if not isinstance(url, str) or "/" not in url:
                continue
            definition = self.definitions.profile(url)
            if definition is None:
                self.add("PKG-UNKNOWN-EXTENSION", path, "extension absente des paquets")
            elif definition.type == "Extension":
                self.object(value, definition.root, definition, path, holder)

    def reference(self, value: Element, stated: Element, path: str, holder: Element) -> None:
        """Judge what a reference points to: it is there, of an expected type and profile."""
        text = value.get("reference")
        if not isinstance(text, str):
            return
        if stated.get("aggregation") == ["contained"] and not text.startswith("#"):
            self.add("PKG-AGGREGATION", path, "la cible doit être contenue")
        target = self.resolve(text, holder)
        if target is None:
            if text.startswith(("urn:uuid:", "urn:oid:", "#")) and (text != "#"):
                self.add("PKG-REFERENCE", path, "la cible n'est pas dans l'instance")
            return
        wanted = stated.get("targetProfile", [])
        inside = holder if text.startswith("#") else None
        if wanted and not any(self.conforms(target, url, inside) for url in wanted):
            self.add("PKG-TARGET", path, "ni le type ni le profil attendu")

    def primitive(self, value: Any, code: str, node: Node, path: str) -> None:
        """Judge the form of a simple value."""
        accept = PRIMITIVES.get(code) or PRIMITIVES["string"]
        if accept(value) is not None:
            self.add("PKG-PRIMITIVE", path, "ce n'est pas une valeur de son type")
        longest = node.source.get("maxLength")
        if isinstance(longest, int) and isinstance(value, str) and len(value) > longest:
            self.add("PKG-VALUE", path, "texte trop long")
        for key, bound in node.source.items():
            if not (key.startswith(("minValue", "maxValue")) and isinstance(bound, int) and isinstance(value, int)):
                continue
            if value < bound if key.startswith("min") else value > bound:
                self.add("PKG-VALUE", path, "hors des bornes")

    def binding(self, value: Any, node: Node, profile: Profile, path: str) -> None:
        """Judge a coded value against its value set: required is an error, extensible a warning."""
        bound = node.source.get("binding")
        if not isinstance(bound, dict) or bound.get("strength") not in ("required", "extensible"):
            return
        url = bound.get("valueSet")
        codes = self.definitions.codes(url) if isinstance(url, str) else None
        if codes is None or not codes.whole:
            return
        if isinstance(value, str):
            fine = codes.has_code(value)
        elif isinstance(value, dict):
            pairs = list(_pairs(value))
            if not pairs and bound["strength"] == "extensible":
                return
            if not pairs and "coding" not in value and "code" not in value and "system" not in value:
                fine = "extension" in value
            else:
                fine = any(pair in codes for pair in pairs)
        else:
            return
        if not fine:
            weight = Severity.ERROR if bound["strength"] == "required" else Severity.WARNING
            self.add("PKG-BINDING", path, f"hors de {_last(bare(str(url)))} ({_last(profile.url)})", weight)

    def constraints(self, value: Any, node: Node, path: str, holder: Element) -> None:
        """Judge the invariants of one element."""
        for constraint in node.source.get("constraint", ()):
            key, expression = constraint.get("key"), constraint.get("expression")
            if key in SKIPPED or not isinstance(expression, str):
                continue
            base = str(node.source.get("base", {}).get("path", node.source["path"])).removesuffix("[x]")
            if not holds(expression, base, value, holder, self.root, lambda text: self.resolve(text, holder)):
                weight = Severity.ERROR if constraint.get("severity") == "error" else Severity.WARNING
                self.add("PKG-INVARIANT", path, str(key), weight)

    # --- slices ------------------------------------------------------------------------------------------------

    def slice_of(self, item: Any, kind: str, node: Node, profile: Profile, holder: Element) -> int | None:
        """Index of the slice that `item` belongs to, or None."""
        slicing = node.source.get("slicing")
        marks = slicing.get("discriminator", []) if isinstance(slicing, dict) else []
        if not marks:
            marks = [{"type": "type", "path": "$this"}] if node.name.endswith("[x]") else []
        if not marks:
            return None
        for index, part in enumerate(node.slices):
            if all(self.marked(item, kind, part, mark, profile, holder) for mark in marks):
                return index
        return None

    def marked(self, item: Any, kind: str, part: Node, mark: Element, profile: Profile, holder: Element) -> bool:
        """True when `item` bears one discriminating mark of the slice `part`."""
        steps = [step for step in STEPS.findall(mark["path"]) if step != "$this"]
        if mark["type"] in ("value", "pattern"):
            return self.valued(item, part, steps)
        values = list(_follow([item], steps))
        node = self.descend(part, steps)
        if mark["type"] == "exists":
            if node is None:
                return False
            return bool(values) if node.low > 0 else not values if node.high == 0 else False
        if node is None or not values:
            return False
        if mark["type"] == "type":
            return any(self.of_type(one, kind if not steps else "", node, holder) for one in values)
        urls = [url for one in node.types for url in (one.get("profile") or one.get("targetProfile") or [])]
        targets = [self.target(one, holder) for one in values]
        return any(one is not None and any(self.conforms(one, url, holder) for url in urls) for one in targets)

    def target(self, value: Any, holder: Element) -> Element | None:
        """The resource itself, or the one that a reference names."""
        if not isinstance(value, dict):
            return None
        text = value.get("reference")
        return self.resolve(text, holder) if isinstance(text, str) and "resourceType" not in value else value

    def of_type(self, value: Any, kind: str, node: Node, holder: Element) -> bool:
        """True when a value is of one of the types of a node."""
        codes = [one["code"] for one in node.types]
        if kind:
            return kind in codes
        if isinstance(value, dict) and "resourceType" in value:
            return value["resourceType"] in codes
        target = self.target(value, holder)
        return target is not None and "Reference" in codes

    def descend(self, node: Node, steps: list[str]) -> Node | None:
        """Node at the end of a discriminating path, through the definitions of the types on the way."""
        found: Node | None = node
        for step in steps:
            if found is None:
                return None
            found = self.below(found, step)
        return found

    def below(self, node: Node, step: str) -> Node | None:
        """Child of a node by one step of a discriminating path."""
        wanted = EXTENSION_STEP.fullmatch(step)
        roots = [node] if node.children else []
        for one in node.types:
            urls = one.get("profile") or ([] if node.children else [one["code"]])
            for url in urls:
                profile = self.definitions.base(url)
                if profile is not None:
                    roots.append(profile.root)
        for root in roots:
            if wanted is not None:
                holder = root.children.get("extension")
                for part in holder.slices if holder is not None else ():
                    if any(wanted[1] == bare(url) for one in part.types for url in one.get("profile", ())):
                        return part
            else:
                child = root.children.get(step) or root.children.get(step + "[x]")
                if child is not None:
                    return child
        return None

    def valued(self, item: Any, part: Node, steps: list[str]) -> bool:
        """True when the value at a discriminating path is the one that the slice states."""
        values: list[Any] = [item]
        node: Node | None = part
        for step in (*steps, None):
            if node is None:
                return False
            stated = node.stated()
            if stated is not None:
                return any(_meets(one, *stated) for one in values)
            if step is None:
                break
            node = self.below(node, step)
            values = list(_follow(values, [step]))
        return node is not None and bool(values) and self.implied(values, node)

    def implied(self, values: list[Any], node: Node) -> bool:
        """True when a value meets the codes that a node binds, or all the values stated below it."""
        stated = [(steps, kind, value) for steps, kind, value in _stated_below(node, []) if steps]
        if stated:
            return any(
                all(any(_meets(held, kind, value) for held in _follow([one], steps)) for steps, kind, value in stated)
                for one in values
            )
        bound = node.source.get("binding")
        if isinstance(bound, dict) and bound.get("strength") == "required" and isinstance(bound.get("valueSet"), str):
            codes = self.definitions.codes(bound["valueSet"])
            if codes is None:
                return False
            return any(
                codes.has_code(one) if isinstance(one, str) else any(pair in codes for pair in _pairs(one))
                for one in values
                if isinstance(one, str | dict)
            )
        return False


def _last(url: str) -> str:
    """Last step of a canonical address."""
    return url.rpartition("/")[2]


def _members(value: Element, child: Node, known: set[str]) -> Iterator[tuple[str, int, Any, str]]:
    """Occurrences of one member: name, index or -1, value, type when the name tells it; `known` gathers names.

    A primitive that has only extensions (``_birthDate`` alone) counts as one occurrence, of type ABSENT.
    """
    name = child.name
    if name.endswith("[x]"):
        stem = name[:-3]
        for one in child.types:
            spelled = stem + one["code"][:1].upper() + one["code"][1:]
            known.add(spelled)
            if spelled in value:
                yield spelled, -1, value[spelled], one["code"]
            elif "_" + spelled in value:
                yield spelled, -1, None, ABSENT
        return
    known.add(name)
    if name not in value:
        if "_" + name in value:
            yield name, -1, None, ABSENT
        return
    held: Any = value[name]
    if isinstance(held, list):
        for index, item in enumerate(held):
            yield name, index, item, "" if item is not None else ABSENT
    else:
        yield name, -1, held, ""


def _pairs(value: Element) -> Iterator[tuple[str, str]]:
    """System and code of a Coding, a CodeableConcept or a Quantity."""
    coding = value.get("coding")
    for one in coding if isinstance(coding, list) else [value]:
        if isinstance(one, dict) and isinstance(one.get("code"), str):
            yield str(one.get("system", "")), one["code"]


def _follow(values: list[Any], steps: list[str]) -> Iterator[Any]:
    """Values at the end of a simple path."""
    if not steps:
        yield from values
        return
    step, rest = steps[0], steps[1:]
    wanted = EXTENSION_STEP.fullmatch(step)
    for value in values:
        if not isinstance(value, dict):
            continue
        if wanted is not None:
            held = value.get("extension")
            listed = held if isinstance(held, list) else []
            found = [one for one in listed if isinstance(one, dict) and one.get("url") == wanted[1]]
        elif step in value:
            found = value[step] if isinstance(value[step], list) else [value[step]]
        else:
            found = [held for name, held in value.items() if name.startswith(step) and name[len(step) :][:1].isupper()]
        yield from _follow(found, rest)


def _stated_below(node: Node, steps: list[str]) -> Iterator[tuple[list[str], str, Any]]:
    """Stated values of the members of a node, with their paths."""
    stated = node.stated()
    if stated is not None:
        yield steps, *stated
        return
    for name, child in node.children.items():
        yield from _stated_below(child, [*steps, name.removesuffix("[x]")])


def _meets(value: Any, kind: str, stated: Any) -> bool:
    """True when a value is the fixed one, or holds the pattern."""
    if kind == "fixed":
        return bool(value == stated)
    if isinstance(stated, dict):
        return isinstance(value, dict) and all(
            name in value and _meets(value[name], kind, held) for name, held in stated.items()
        )
    if isinstance(stated, list):
        items = value if isinstance(value, list) else []
        return all(any(_meets(item, kind, held) for item in items) for held in stated)
    if isinstance(value, str) and isinstance(stated, str) and "/StructureDefinition/" in stated:
        return bare(value) == bare(stated)  # packages pin versions that instances need not repeat
    return bool(value == stated)
