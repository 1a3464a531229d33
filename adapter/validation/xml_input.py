"""Bytes from anywhere to an XML tree, or a refusal with a stable code.

Nothing outside the given bytes is ever read: no DTD, no entity, no network. A DOCTYPE is refused *before* the parser
sees it, because entities in attributes are expanded while parsing.
"""

from __future__ import annotations

import re
from typing import NoReturn

from lxml import etree

from adapter.errors import DocumentInvalid, Finding, RuleText, Severity

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
DEFAULT_MAX_DEPTH = 100

_SOURCE = "Politique d'entrée de l'adaptateur ; XML 1.0 (5e édition)"

RULES: dict[str, RuleText] = {
    text.code: text
    for text in (
        RuleText(
            "XML-SIZE",
            Severity.ERROR,
            "Fichier trop volumineux",
            "Le fichier dépasse la taille acceptée. Un document CDA de visite tient en quelques mégaoctets, pièces"
            " jointes comprises : réduire les pièces jointes ou relever la limite.",
            _SOURCE,
        ),
        RuleText(
            "XML-ENCODING",
            Severity.ERROR,
            "Encodage autre que l'UTF-8",
            "Le document doit être en UTF-8 et le déclarer ainsi (ou ne rien déclarer). Un autre encodage, un octet nul"
            " ou une suite d'octets qui n'est pas de l'UTF-8 est refusé.",
            _SOURCE,
        ),
        RuleText(
            "XML-DOCTYPE",
            Severity.ERROR,
            "Déclaration DOCTYPE",
            "Un document CDA ne contient ni DOCTYPE ni entité : ils permettent de lire des fichiers ou de saturer la"
            " mémoire. Retirer la déclaration.",
            _SOURCE,
        ),
        RuleText(
            "XML-PI",
            Severity.ERROR,
            "Instruction de traitement",
            "Seule l'instruction xml-stylesheet est admise dans un document CDA.",
            _SOURCE,
        ),
        RuleText(
            "XML-DEPTH",
            Severity.ERROR,
            "Imbrication trop profonde",
            "Les éléments sont imbriqués au-delà de la limite. Un document CDA réel reste sous quarante niveaux.",
            _SOURCE,
        ),
        RuleText(
            "XML-SYNTAX",
            Severity.ERROR,
            "XML mal formé",
            "Le fichier n'est pas un document XML bien formé. La ligne et la colonne du premier défaut sont données.",
            _SOURCE,
        ),
    )
}

_DECLARED = re.compile(rb"""\A(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"']*)["']""")
_PROLOG_DOCTYPE = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*<!DOCTYPE", re.DOTALL)
_ENCODINGS = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}
_TOO_DEEP = {DEFAULT_MAX_DEPTH: etree.XPath("boolean(" + "/*" * (DEFAULT_MAX_DEPTH + 1) + ")")}


def parse_xml(
    data: bytes,
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    max_depth: int = DEFAULT_MAX_DEPTH,
    allow_instructions: bool = False,
) -> etree._Element:
    """Root element of the document in `data`.

    Args:
        data: the whole file, UTF-8, with or without byte order mark.
        max_bytes: size above which nothing is parsed.
        max_depth: number of nested elements accepted, the root counting as one.
        allow_instructions: let any processing instruction through, unread (documents published by the authority
            carry their editor's).
    Raises:
        DocumentInvalid: with one finding of `RULES`; its message never quotes the document.
    """
    if len(data) > max_bytes:
        _refuse("XML-SIZE", f"Le fichier fait {len(data)} octets ; la limite est de {max_bytes} octets.")
    _check_encoding(data)
    if b"<!DOCTYPE" in data and _PROLOG_DOCTYPE.match(data):
        _refuse("XML-DOCTYPE", "Le document contient une déclaration DOCTYPE, qui est refusée.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=True,  # the limits are ours: a 20 MB attachment is one text node, which libxml2 refuses otherwise
        remove_comments=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        _refuse_syntax(error)
    tree = root.getroottree()
    if not allow_instructions and data.find(b"<?", 1) > 0 and _has_foreign_instruction(root):
        _refuse("XML-PI", "Le document contient une instruction de traitement autre que xml-stylesheet.")
    if _depth_test(max_depth)(tree):
        _refuse("XML-DEPTH", f"Le document imbrique plus de {max_depth} éléments.")
    return root


def readable_path(element: etree._Element) -> str:
    """Absolute path of an element: local names only, every step numbered below the root."""
    steps: list[str] = []
    node = element
    parent = node.getparent()
    while parent is not None:
        rank = 1 + sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        steps.append(f"{node.tag.rpartition('}')[2]}[{rank}]")
        node, parent = parent, parent.getparent()
    steps.append(node.tag.rpartition("}")[2])
    return "/" + "/".join(reversed(steps))


def _check_encoding(data: bytes) -> None:
    """Refuse what is not UTF-8, whatever the declaration says."""
    declared = _DECLARED.match(data)
    if declared and declared.group(1).strip().lower() not in _ENCODINGS:
        _refuse("XML-ENCODING", "L'encodage déclaré n'est pas l'UTF-8.")
    if b"\0" in data:
        _refuse("XML-ENCODING", f"Octet nul à la position {data.index(0)} : le fichier n'est pas de l'UTF-8.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse("XML-ENCODING", f"Octets invalides en UTF-8 à la position {error.start}.")


def _has_foreign_instruction(root: etree._Element) -> bool:
    """Whether an instruction other than xml-stylesheet stands in the tree, before it or after it."""
    instructions = [
        *root.iter(etree.PI),
        *root.itersiblings(etree.PI, preceding=True),
        *root.itersiblings(etree.PI),
    ]
    return any(
        isinstance(instruction, etree._ProcessingInstruction) and instruction.target != "xml-stylesheet"
        for instruction in instructions
    )


def _depth_test(max_depth: int) -> etree.XPath:
    """XPath that is true when an element stands deeper than `max_depth`; one walk down, level by level."""
    test = _TOO_DEEP.get(max_depth)
    if test is None:
        test = etree.XPath("boolean(" + "/*" * (max_depth + 1) + ")")
    return test


def _refuse_syntax(error: etree.XMLSyntaxError) -> NoReturn:
    """Refuse with the place of the fault; libxml2's own text quotes the document, so it is left out."""
    if error.msg and "xcessive depth" in error.msg:
        _refuse("XML-DEPTH", "Le document imbrique trop d'éléments pour être lu.")
    line, column = error.position
    _refuse("XML-SYNTAX", f"XML mal formé, ligne {line}, colonne {column}.", f"/ (ligne {line}, colonne {column})")


def _refuse(rule: str, message: str, path: str = "/") -> NoReturn:
    """Raise the single finding of a refused file."""
    raise DocumentInvalid([Finding(rule, Severity.ERROR, path, message, _SOURCE)])
