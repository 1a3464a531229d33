"""ISO Schematron to XSLT: the part of the language that the published French rules use.

Inclusion, namespaces, phases, variables, abstract patterns with parameters, abstract rules with extension, asserts,
reports, and the values they quote. Query binding ``xslt2``. Nothing is run here: see ``kit``.

The result writes one ``<finding>`` for each failed assert or successful report. A rule fires on the nodes of its
context that no earlier rule of the same pattern took, which is what the standard asks.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path

from lxml import etree

from adapter.errors import AdapterError

SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
XSLT = "http://www.w3.org/1999/XSL/Transform"
_S = f"{{{SCHEMATRON}}}"
_X = f"{{{XSLT}}}"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_MAX_INCLUSIONS = 20
_RULE_PREFIX = "sch-rule-"

_VARIABLE = re.compile(r"\$([A-Za-z_][\w.\-]*)")
_PREDICATE = re.compile(r"\[(?:[^\[\]'\"]|'[^']*'|\"[^\"]*\")*\]")
_LITERAL = re.compile(r"""'[^']*'|"[^"]*\"""")
# What a message may quote of the document: names and codes, never text, names of people or numbers.
_QUOTABLE = re.compile(
    r"(?:[\w:*/]+/)?@(?:code|codeSystem|codeSystemName|root|unit|use|hl7:use|typeCode|classCode|moodCode|nullFlavor"
    r"|qualifier|xsi:type|mediaType)"
    r"|(?:local-)?name\(.*\)|count\(.*\)|string-length\(.*\)"
    r"|(?:local-name|namespace-uri)-from-QName\(resolve-QName\(@xsi:type,\s*\.\)\)"
)


class KitError(AdapterError):
    """The published rules could not be read or run; the message names the file and the construct."""


def resolve(base: Path, href: str) -> Path:
    """File that `href` names beside `base`, letter case left aside when no file has the exact name.

    The rules are written on a system that does not tell cases apart.
    """
    target = (base.parent / href).resolve()
    if target.exists():
        return target
    found = Path(target.anchor)
    for part in target.parts[1:]:
        candidate = found / part
        if not candidate.exists():
            matches = [entry for entry in found.iterdir() if entry.name.casefold() == part.casefold()]
            if len(matches) != 1:
                raise KitError(f"{base.name} : fichier inclus introuvable ({Path(href).name}).")
            candidate = matches[0]
        found = candidate
    return found


def compile_schematron(path: Path) -> str:
    """XSLT 3.0 text that applies the rules of `path`, for the phase the file names as its default.

    Raises:
        KitError: a file or a referenced pattern, phase or rule is missing.
    """
    return _Compiler(path).stylesheet()


class _Compiler:
    """One schema on its way to one stylesheet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.schema = _load(path, 0)
        self.patterns = [
            self._instance(pattern) for pattern in self.schema.iter(_S + "pattern") if not _abstract(pattern)
        ]
        self.abstract_rules = {
            rule.get("id"): rule for rule in self.schema.iter(_S + "rule") if _abstract(rule) and rule.get("id")
        }
        self.global_lets: dict[str, str] = {}
        self.serial = 0

    def stylesheet(self) -> str:
        """The whole stylesheet, as text."""
        root = etree.Element(_X + "stylesheet", nsmap={"xsl": XSLT, **self._namespaces()})
        root.set("version", "3.0")
        root.set(_XML_BASE, self.path.resolve().as_uri())
        etree.SubElement(root, _X + "output", method="xml", encoding="UTF-8", indent="no")
        self._globals(root)
        main = etree.SubElement(root, _X + "template", match="/")
        findings = etree.SubElement(main, "findings")
        for pattern in self._active():
            self._pattern(pattern, root, findings)
        self._named_rules(root)
        return etree.tostring(root, encoding="unicode")

    def _namespaces(self) -> dict[str, str]:
        """Prefixes for the queries: those the schema declares for them, then those its XML happens to bind."""
        prefixes = {
            prefix: uri
            for element in self.schema.iter(etree.Element)
            for prefix, uri in element.nsmap.items()
            if prefix and uri not in (SCHEMATRON, XSLT)
        }
        for declaration in self.schema.iter(_S + "ns"):
            prefixes[declaration.get("prefix") or ""] = declaration.get("uri") or ""
        prefixes.pop("xml", None)
        prefixes.pop("", None)
        return prefixes

    def _active(self) -> list[etree._Element]:
        """Patterns of the default phase, or all of them when the schema names none."""
        phase_id = self.schema.get("defaultPhase")
        if phase_id in (None, "#ALL"):
            return self.patterns
        phase = next((phase for phase in self.schema.iter(_S + "phase") if phase.get("id") == phase_id), None)
        if phase is None:
            raise KitError(f"{self.path.name} : la phase {phase_id} n'existe pas.")
        wanted = [active.get("pattern") for active in phase.iter(_S + "active")]
        known = {pattern.get("id") for pattern in self.patterns}
        for name in wanted:
            if name not in known:
                raise KitError(f"{self.path.name} : la phase {phase_id} active un motif absent ({name}).")
        return [pattern for pattern in self.patterns if pattern.get("id") in wanted]

    def _instance(self, pattern: etree._Element) -> etree._Element:
        """The pattern itself, or the abstract pattern it instantiates with its parameters put in."""
        model_id = pattern.get("is-a")
        if model_id is None:
            return pattern
        model = next(
            (other for other in self.schema.iter(_S + "pattern") if _abstract(other) and other.get("id") == model_id),
            None,
        )
        if model is None:
            raise KitError(f"{self.path.name} : le motif abstrait {model_id} n'existe pas.")
        values = {param.get("name") or "": param.get("value") or "" for param in pattern.iter(_S + "param")}
        instance = copy.deepcopy(model)
        del instance.attrib["abstract"]
        instance.set("id", pattern.get("id") or model_id)
        for element in instance.iter(etree.Element):
            for name, text in element.attrib.items():
                if "$" in str(text) and name not in {"id", "see"}:
                    element.set(name, _VARIABLE.sub(lambda hit: values.get(hit[1], hit[0]), str(text)))
        return instance

    # --- variables ---

    def _globals(self, root: etree._Element) -> None:
        """Variables of the schema, and those of patterns, which published rules read from other patterns."""
        scopes = [self.schema, *self.schema.iter(_S + "phase"), *self.patterns]
        for scope in scopes:
            for let in scope.iterchildren(_S + "let"):
                name = let.get("name") or ""
                if name not in self.global_lets:
                    self.global_lets[name] = let.get("value") or ""
                    _variable(root, let)

    # --- patterns and rules ---

    def _pattern(self, pattern: etree._Element, root: etree._Element, output: etree._Element) -> None:
        """Code of one pattern, in a template of its own; a rule takes the nodes that the rules before it left.

        A single rule selects its nodes directly; several are told apart by template priority, as XSLT does best.
        """
        self.serial += 1
        name = f"sch-pattern-{self.serial}"
        lets = dict(self.global_lets)
        own = [let for let in pattern.iterchildren(_S + "let") if lets.get(let.get("name") or "") != let.get("value")]
        lets.update({let.get("name") or "": let.get("value") or "" for let in own})
        rules = [rule for rule in pattern.iter(_S + "rule") if not _abstract(rule)]
        if len(rules) == 1:
            etree.SubElement(output, _X + "call-template", name=name)
            template = etree.SubElement(root, _X + "template", name=name)
            loop = etree.SubElement(template, _X + "for-each", select=_selection(rules[0].get("context") or ""))
            _at_root(loop, own)
            self._rule(rules[0], loop, _label(pattern), lets)
            return
        etree.SubElement(root, _X + "mode", {"name": name, "on-no-match": "deep-skip"})
        attributes = " | //@*" if any("@" in _bare(rule.get("context") or "") for rule in rules) else ""
        # the document node is selected only for a rule about it: deep-skip lets its children through
        document = "/ | " if any((rule.get("context") or "").strip() == "/" for rule in rules) else ""
        select = document + "//node()" + attributes
        etree.SubElement(output, _X + "apply-templates", mode=name, select=select)
        for rank, rule in enumerate(rules):
            template = etree.SubElement(root, _X + "template", mode=name, match=rule.get("context") or "")
            template.set("priority", str(len(rules) - rank))
            _at_root(template, own)
            self._rule(rule, template, _label(pattern), dict(lets))

    def _rule(self, rule: etree._Element, body: etree._Element, pattern: str | None, lets: dict[str, str]) -> None:
        """Variables, inherited tests and own tests of one rule, in the order they are written."""
        for part in rule.iterchildren():
            if part.tag == _S + "let":
                lets[part.get("name") or ""] = part.get("value") or ""
                _variable(body, part)
            elif part.tag == _S + "extends":
                self._extend(part, body, pattern, lets)
            elif part.tag in (_S + "assert", _S + "report"):
                self._test(part, body, pattern, lets)

    def _extend(self, part: etree._Element, body: etree._Element, pattern: str | None, lets: dict[str, str]) -> None:
        """Call of an abstract rule; written out in place when it leans on variables of the rule that extends it."""
        name = part.get("rule") or ""
        model = self.abstract_rules.get(name)
        if model is None:
            raise KitError(f"{self.path.name} : la règle abstraite {name} n'existe pas.")
        if self._stands_alone(model):
            call = etree.SubElement(body, _X + "call-template", name=_RULE_PREFIX + name)
            parameter = etree.SubElement(call, _X + "with-param", name="sch-pattern")
            parameter.set("select", "$sch-pattern" if pattern is None else _quoted(pattern))
        else:
            self._rule(model, body, pattern, lets)

    def _stands_alone(self, model: etree._Element) -> bool:
        """Whether every variable of an abstract rule is its own or global."""
        own = {let.get("name") for let in model.iter(_S + "let")}
        used = {
            name
            for element in model.iter(etree.Element)
            for attribute in ("test", "select", "value", "path")
            for name in _VARIABLE.findall(element.get(attribute) or "")
        }
        bound_inside = {
            name
            for element in model.iter(etree.Element)
            for attribute in ("test", "select", "value")
            for name in re.findall(r"(?:for|some|every|,)\s+\$([\w.\-]+)\s+in\b", element.get(attribute) or "")
        }
        return used <= own | bound_inside | set(self.global_lets)

    def _named_rules(self, root: etree._Element) -> None:
        """A named template for each abstract rule that is called, and for those that it calls in turn."""
        done: set[str] = set()
        queue: list[etree._Element] = [root]
        while queue:
            called = {call.get("name") or "" for call in queue.pop().iter(_X + "call-template")}
            for name in sorted(called - done):
                if not name.startswith(_RULE_PREFIX):
                    continue
                done.add(name)
                template = etree.SubElement(root, _X + "template", name=name)
                etree.SubElement(template, _X + "param", name="sch-pattern", select="''")
                self._rule(self.abstract_rules[name.removeprefix(_RULE_PREFIX)], template, None, dict(self.global_lets))
                queue.append(template)

    def _test(self, part: etree._Element, body: etree._Element, pattern: str | None, lets: dict[str, str]) -> None:
        """One assert or report."""
        test = part.get("test") or "true()"
        condition = etree.SubElement(body, _X + "if", test=f"not({test})" if part.tag == _S + "assert" else test)
        finding = etree.SubElement(condition, "finding", role=(part.get("role") or "").lower())
        finding.set("path", "{path(.)}")
        finding.set("pattern", "{$sch-pattern}" if pattern is None else pattern.replace("{", "{{").replace("}", "}}"))
        _append_text(finding, part.text)
        for inner in part.iterchildren():
            if inner.tag == _S + "value-of":
                self._quote(finding, inner.get("select") or "", lets)
            elif inner.tag == _S + "name":
                etree.SubElement(finding, _X + "value-of", select=f"name({inner.get('path') or '.'})")
            elif isinstance(inner.tag, str):
                _append_text(finding, "".join(str(text) for text in inner.itertext()))
            _append_text(finding, inner.tail)

    @staticmethod
    def _quote(finding: etree._Element, select: str, lets: dict[str, str]) -> None:
        """A value quoted by a message, or a mark in its place when it could be the patient's."""
        seen: set[str] = set()
        plain = select.strip()
        while (variable := _VARIABLE.fullmatch(plain)) and variable[1] in lets and variable[1] not in seen:
            seen.add(variable[1])
            plain = lets[variable[1]].strip()
        if _LITERAL.fullmatch(plain) or _QUOTABLE.fullmatch(plain):
            etree.SubElement(finding, _X + "value-of", select=select)
        else:
            _append_text(finding, "[…]")


def _load(path: Path, depth: int) -> etree._Element:
    """Root of a schema file, every inclusion replaced by what it names."""
    if depth > _MAX_INCLUSIONS:
        raise KitError(f"{path.name} : inclusions sans fin.")
    try:
        root = etree.parse(
            str(path), etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        ).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise KitError(f"{path.name} : fichier de règles illisible.") from error
    for include in list(root.iter(_S + "include")):
        part = _load(resolve(path, include.get("href") or ""), depth + 1)
        part.tail = include.tail
        parent = include.getparent()
        if parent is not None:
            parent.replace(include, part)
    return root


def _abstract(element: etree._Element) -> bool:
    """Whether a pattern or a rule is only a model for others."""
    return element.get("abstract") == "true"


def _label(pattern: etree._Element) -> str:
    """Name of a pattern for a reader: its id, or its title."""
    title = next(pattern.iterchildren(_S + "title"), None)
    return pattern.get("id") or " ".join(((title.text if title is not None else None) or "").split())


def _quoted(text: str) -> str:
    """XPath literal of `text`."""
    return "'" + text.replace("'", "''") + "'"


def _bare(context: str) -> str:
    """A context without its predicates."""
    while (shorter := _PREDICATE.sub("", context)) != context:
        context = shorter
    return context


def _selection(context: str) -> str:
    """Expression that selects every node that a rule's context matches, whole document.

    The context is an XSLT pattern: it may match anywhere, so it is looked for below every node.
    """
    context = context.strip()
    if "|" in _bare(context):
        return f"//({context})"
    return context if context.startswith("/") else f"//{context}"


def _at_root(parent: etree._Element, lets: list[etree._Element]) -> None:
    """Variables of a pattern whose names others use with another value: evaluated at the root, used here."""
    for let in lets:
        variable = etree.SubElement(parent, _X + "variable", {"name": let.get("name") or "", "as": "item()*"})
        at_root = etree.SubElement(variable, _X + "for-each", select="/")
        etree.SubElement(at_root, _X + "sequence", select=let.get("value") or "()")


def _variable(parent: etree._Element, let: etree._Element) -> None:
    """An XSLT variable for a Schematron one."""
    etree.SubElement(parent, _X + "variable", name=let.get("name") or "", select=let.get("value") or "()")


def _append_text(parent: etree._Element, text: str | None) -> None:
    """Literal text after what `parent` already holds."""
    if text:
        etree.SubElement(parent, _X + "text").text = text
