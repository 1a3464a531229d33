"""The official kit, given as a folder: XML Schema first, then the Schematron layers, with their own words.

The kit is not shipped: its licence is not stated. Layout expected: a file ``profiles.json`` naming the schema
(``xsd``), the rule files that every document meets (``generic``) and, by template, those of each document model
(``profiles``).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from adapter.errors import DocumentInvalid, Finding, MissingExtra, RuleText, Severity
from adapter.validation.schematron import KitError, compile_schematron
from adapter.validation.xml_input import parse_xml, readable_path

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RULES", "CdaKit", "KitError", "MissingExtra"]

_CDA = "{urn:hl7-org:v3}"
_N1_BODY = etree.XPath("boolean(/h:ClinicalDocument/h:component/h:nonXMLBody)", namespaces={"h": "urn:hl7-org:v3"})
_WARNINGS = frozenset({"warning", "warn", "info", "information", "hint"})
_QUALIFIED = re.compile(r"Q\{[^}]*\}|(?<=ClinicalDocument)\[1\]")
_BRACED = re.compile(r"\{[^}]*\}")
# libxml2 quotes the faulty value: it may be a name or a number, so it goes.
_SCHEMA_VALUES = (
    (re.compile(r"The value '.*' (is|has)", re.DOTALL), r"The value […] \1"),
    (re.compile(r": '.*' is not a valid value", re.DOTALL), ": […] is not a valid value"),
    (re.compile(r"(?<=key-sequence )\[.*\]", re.DOTALL), "[…]"),
)

RULES: dict[str, RuleText] = {
    text.code: text
    for text in (
        RuleText(
            "KIT-XSD",
            Severity.ERROR,
            "Schéma XML de CDA",
            "Le document ne suit pas le schéma CDA étendu du kit officiel : élément absent, en trop, mal placé ou de"
            " mauvaise forme. Le message est celui de l'analyseur, sans les valeurs du document.",
            "Kit de test des contenus CDA de l'ANS, CDA_extended.xsd",
        ),
        RuleText(
            "KIT-SCH",
            Severity.ERROR,
            "Règle officielle (Schematron)",
            "Une règle publiée par l'ANS n'est pas respectée. Le message est celui de la règle ; la source nomme la"
            " couche et le motif où la lire. Ce qui pourrait être une donnée du patient y est remplacé par […].",
            "Kit de test des contenus CDA de l'ANS, schématrons",
        ),
    )
}


class CdaKit:
    """The official rules of one folder, compiled when first needed and kept.

    An instance is not to be shared between threads: the XSLT engine keeps state.
    """

    def __init__(self, directory: Path) -> None:
        """Read the table of profiles.

        Args:
            directory: folder of the kit.

        Raises:
            KitError: no readable ``profiles.json`` there.
        """
        self.directory = directory
        try:
            self._layout: dict[str, Any] = json.loads((directory / "profiles.json").read_bytes())
        except (OSError, ValueError) as error:
            raise KitError("Le dossier du kit ne contient pas de fichier profiles.json lisible.") from error
        self._schema: etree.XMLSchema | None = None
        self._processor: Any = None
        self._layers: dict[str, Callable[[str], str]] = {}

    def check(self, data: bytes) -> list[Finding]:
        """Findings of the official rules: schema, generic layers, then the models the header declares.

        Raises:
            MissingExtra: the XSLT engine is not installed.
            KitError: the kit is incomplete or one of its rules cannot run.
        """
        try:
            root = parse_xml(data, allow_instructions=True)
        except DocumentInvalid as refused:
            return list(refused.findings)
        root, data = _unwrap(root, data)
        findings = self.check_schema(root)
        text = data.decode("utf-8-sig")
        for layer in self.layers(root):
            findings += self._check_layer(layer, text)
        return findings

    def layers(self, root: etree._Element) -> list[str]:
        """Rule files that apply to a document, as the kit's table names them."""
        layers = list(self._layout["generic"])
        if _N1_BODY(root):
            return layers
        templates = {template.get("root") for template in root.iterchildren(_CDA + "templateId")}
        for profile in self._layout["profiles"].values():
            if templates & set(profile.get("templateIds", ())):
                layers += [layer for layer in profile["schematrons"] if layer not in layers]
        return layers

    def check_schema(self, root: etree._Element) -> list[Finding]:
        """Findings of the XML Schema alone."""
        if self._schema is None:
            path = self.directory / self._layout["xsd"]
            try:
                self._schema = etree.XMLSchema(etree.parse(str(path)))
            except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
                raise KitError(f"Schéma illisible : {path.name}.") from error
        if self._schema.validate(root):
            return []
        source = Path(self._layout["xsd"]).name
        tree = root.getroottree()
        return [
            Finding("KIT-XSD", Severity.ERROR, _error_path(tree, error), _without_values(error.message), source)
            for error in _entries(self._schema)
        ]

    def _check_layer(self, layer: str, text: str) -> list[Finding]:
        """Findings of one rule file."""
        run = self._layers.get(layer)
        if run is None:
            run = self._layers[layer] = self._compile(layer)
        name = Path(layer).stem
        found = etree.fromstring(run(text).encode("utf-8"), etree.XMLParser(huge_tree=True))
        return [
            Finding(
                "KIT-SCH",
                Severity.WARNING if finding.get("role") in _WARNINGS else Severity.ERROR,
                _QUALIFIED.sub("", finding.get("path") or "/"),
                " ".join((finding.text or "").split()),
                f"{name}/{finding.get('pattern') or ''}",
            )
            for finding in found
        ]

    def _compile(self, layer: str) -> Callable[[str], str]:
        """Function from the text of a document to the findings of one rule file, as XML text."""
        try:
            from saxonche import PySaxonApiError, PySaxonProcessor
        except ImportError as error:
            raise MissingExtra(
                "Les règles Schematron demandent le paquet saxonche : installer dmp-adapter[validate]."
            ) from error
        path = self.directory / layer
        stylesheet = compile_schematron(path)
        if self._processor is None:
            self._processor = PySaxonProcessor(license=False)
        processor = self._processor
        try:
            executable = processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=stylesheet)
        except PySaxonApiError as error:
            raise KitError(f"{path.name} : règles impossibles à compiler.") from error

        def run(text: str) -> str:
            """Apply the rules; the engine's own message could quote the document, so it is not passed on."""
            try:
                return str(executable.transform_to_string(xdm_node=processor.parse_xml(xml_text=text)))
            except PySaxonApiError as error:
                raise KitError(f"{path.name} : une règle n'a pas pu être évaluée.") from error

        return run


def _unwrap(root: etree._Element, data: bytes) -> tuple[etree._Element, bytes]:
    """The CDA document itself when it comes inside its own style sheet, as the self-presenting form does."""
    if root.tag == _CDA + "ClinicalDocument":
        return root, data
    inner = next(root.iter(_CDA + "ClinicalDocument"), None)
    if inner is None:
        return root, data
    data = etree.tostring(inner, encoding="UTF-8", with_tail=False)
    return parse_xml(data, allow_instructions=True), data


def _entries(schema: etree.XMLSchema) -> list[etree._LogEntry]:
    """Errors of the last validation; the stubs do not know that a log can be walked."""
    return list(schema.error_log)  # type: ignore[call-overload, no-any-return]  # missing __iter__ in lxml-stubs


def _error_path(tree: etree._ElementTree, error: etree._LogEntry) -> str:
    """Readable path of a schema error; the line when the path is not known."""
    where = getattr(error, "path", None)
    found = tree.xpath(where) if where else None
    if isinstance(found, list) and found and isinstance(found[0], etree._Element):
        return readable_path(found[0])
    return f"/ (ligne {error.line})"


def _without_values(message: str) -> str:
    """Schema message without namespaces and without the document's values."""
    message = _BRACED.sub("", message)
    for pattern, replacement in _SCHEMA_VALUES:
        message = pattern.sub(replacement, message)
    return message
