"""Both documents line by line, each line with the fields of the visit that it comes from, when a trace tells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from lxml import etree

Origins = Mapping[str, tuple[str, ...]]
NO_ORIGINS: Final[Origins] = {}
_QUOTED: Final = {'"': "&quot;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LONGEST: Final = 20_000  # characters shown of one value: the narrative passes, a joined file does not
_START: Final = 200


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One line of a document; ``origin`` holds JSON paths of the visit."""

    depth: int
    text: str
    origin: tuple[str, ...] = ()


def origins(trace: Mapping[str, Any] | None, form: str) -> Origins:
    """Fields by path of node in one form (``cda`` or ``fhir``); empty without a trace.

    The words of a FHIR narrative stand on one line, so what is known of its parts is known of that line.
    """
    if trace is None:
        return NO_ORIGINS
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for node in trace["nodes"]:
        if node["form"] == form:
            found[node["path"]] |= dict.fromkeys(node["fields"])
    return {path: tuple(fields) for path, fields in found.items()}


def xml_lines(document: bytes, known: Origins = NO_ORIGINS) -> list[Line]:
    """Lines of an XML document of ours, one element or one text each."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(document, parser)
    return list(_element(root, f"/{_name(root)}", 0, known))


def _element(element: etree._Element, path: str, depth: int, known: Origins) -> Iterator[Line]:
    origin = known.get(path, ())
    start = _start(element)
    children = list(element)  # our documents hold neither comments nor processing instructions
    text = (element.text or "").strip()
    if not children:
        end = f"{_escaped(_short(text))}</{_name(element)}>" if text else ""
        yield Line(depth, f"<{start}>{end}" if end else f"<{start}/>", origin)
        return
    yield Line(depth, f"<{start}>", origin)
    if text:
        yield Line(depth + 1, _escaped(_short(text)), origin)
    ranks: Counter[str] = Counter()
    for child in children:
        name = _name(child)
        ranks[name] += 1
        yield from _element(child, f"{path}/{name}[{ranks[name]}]", depth + 1, known)
        if child.tail and child.tail.strip():
            yield Line(depth + 1, _escaped(_short(child.tail.strip())), origin)
    yield Line(depth, f"</{_name(element)}>")


def _start(element: etree._Element) -> str:
    """Name and attributes, as they are written."""
    spaces = [f'xmlns{f":{name}" if name else ""}="{uri}"' for name, uri in _declared(element).items()]
    attributes = [f'{_attribute(element, str(name))}="{_escaped(str(value))}"' for name, value in element.items()]
    return " ".join([_name(element), *spaces, *attributes])


def _declared(element: etree._Element) -> dict[str | None, str]:
    parent = element.getparent()
    above = parent.nsmap if parent is not None else {}
    return {name: uri for name, uri in element.nsmap.items() if above.get(name) != uri}


def _attribute(element: etree._Element, name: str) -> str:
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].partition("}")
    prefix = next((known for known, one in element.nsmap.items() if one == uri and known), "xml")
    return f"{prefix}:{local}"


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _escaped(text: str) -> str:
    return "".join(_QUOTED.get(sign, sign) for sign in text)


def json_lines(document: bytes, known: Origins = NO_ORIGINS, root: str = "Bundle") -> list[Line]:
    """Lines of a JSON document of ours, one member or one element each."""
    return list(_value(orjson.loads(document), "", root, 0, "", known))


def _value(value: Any, name: str, path: str, depth: int, comma: str, known: Origins) -> Iterator[Line]:
    start = f"{_json(name)}: " if name else ""
    if isinstance(value, dict):
        yield Line(depth, f"{start}{{", known.get(path, ()))
        last = len(value) - 1
        for rank, (member, inner) in enumerate(value.items()):
            yield from _value(inner, member, f"{path}.{member}", depth + 1, "," if rank < last else "", known)
        yield Line(depth, f"}}{comma}")
    elif isinstance(value, list):
        yield Line(depth, f"{start}[", known.get(path, ()))
        last = len(value) - 1
        for rank, inner in enumerate(value):
            yield from _value(inner, "", f"{path}[{rank}]", depth + 1, "," if rank < last else "", known)
        yield Line(depth, f"]{comma}")
    else:
        shown = _short(value) if isinstance(value, str) else value
        yield Line(depth, f"{start}{_json(shown)}{comma}", known.get(path, ()))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _short(text: str) -> str:
    """A value as it is, or its start and how long it is."""
    return text if len(text) <= _LONGEST else f"{text[:_START]}… ({len(text)} caractères)"
