"""ITI-18, stored queries: built and read, their parameters quoted as the standard wants.

Sources: IHE ITI TF-2a, 3.18.4.1.2 (parameters, queries); GIE SESAM-Vitale, DMP vendor package (TD3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from adapter.dmp.xds.ebxml import build_list, parse_list
from adapter.dmp.xds.ebxml.names import QUERY, RIM
from adapter.dmp.xds.ebxml.values import AnyObject
from adapter.dmp.xds.outcome import RegistryResponse, build_response, read_response
from adapter.errors import AdapterError

FIND_DOCUMENTS: Final = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
FIND_SETS: Final = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"
GET_DOCUMENTS: Final = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
GET_ASSOCIATIONS: Final = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"
GET_SETS: Final = "urn:uuid:51224314-5390-4169-9b91-b1980040715a"
GET_SET_AND_CONTENTS: Final = "urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83"
GET_RELATED: Final = "urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6"
FIND_BY_REFERENCE: Final = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"

ReturnType = Literal["LeafClass", "ObjectRef"]

_Q: Final = f"{{{QUERY}}}"
_R: Final = f"{{{RIM}}}"
_RESPONSE: Final = f"{_Q}AdhocQueryResponse"
_QUOTED: Final = re.compile(r"'((?:[^']|'')*)'")
_LIST: Final = re.compile(r"\(\s*'(?:[^']|'')*'\s*(?:,\s*'(?:[^']|'')*'\s*)*\)")


class QueryInvalid(AdapterError):
    """A query that cannot be read; ``code`` is that of IHE (``XDSStoredQueryParamNumber``...)."""

    def __init__(self, message: str, code: str) -> None:
        self.message = message
        self.code = code
        super().__init__(f"{message} [{code}]")


@dataclass(frozen=True, slots=True, repr=False)
class Parameter:
    """Value of one parameter, as text, or as a list; ``lists`` holds several when all of them must match."""

    name: str
    lists: tuple[tuple[str, ...], ...]
    is_list: bool = True

    @property
    def value(self) -> str:
        """First value."""
        return next((one for held in self.lists for one in held), "")

    @property
    def values(self) -> tuple[str, ...]:
        """Every value."""
        return tuple(one for held in self.lists for one in held)


@dataclass(frozen=True, slots=True, repr=False)
class StoredQuery:
    """A query: which one, with which parameters, and how much is wanted of each object."""

    id: str
    parameters: tuple[Parameter, ...]
    return_type: ReturnType = "LeafClass"

    def parameter(self, name: str) -> Parameter | None:
        """Parameter of this name, None when there is none."""
        return next((one for one in self.parameters if one.name == name), None)


@dataclass(frozen=True, slots=True, repr=False)
class QueryAnswer:
    """What a registry found."""

    response: RegistryResponse
    objects: tuple[AnyObject, ...]


def one(name: str, value: str) -> Parameter:
    """Parameter with one value, without parentheses."""
    return Parameter(name, ((value,),), is_list=False)


def any_of(name: str, values: Iterable[str]) -> Parameter:
    """Parameter that any of the values satisfies."""
    return Parameter(name, (tuple(values),))


def build(query: StoredQuery) -> etree._Element:
    """``query:AdhocQueryRequest``: numbers (times among them) without quotes, all the rest between single ones."""
    root = etree.Element(f"{_Q}AdhocQueryRequest", nsmap={"query": QUERY, "rim": RIM})
    etree.SubElement(root, f"{_Q}ResponseOption", {"returnComposedObjects": "true", "returnType": query.return_type})
    held = etree.SubElement(root, f"{_R}AdhocQuery", {"id": query.id})
    for parameter in query.parameters:
        slot = etree.SubElement(held, f"{_R}Slot", {"name": parameter.name})
        values = etree.SubElement(slot, f"{_R}ValueList")
        for alternatives in parameter.lists:
            etree.SubElement(values, f"{_R}Value").text = _written(alternatives, parameter.is_list)
    return root


def read(element: etree._Element) -> StoredQuery:
    """The query of an ``AdhocQueryRequest``; several lists of one parameter must all match, several texts are one list.

    Raises:
        QueryInvalid: no query, or a value that is neither quoted, nor a list, nor a number.
    """
    held = element.find(f"{_R}AdhocQuery")
    if element.tag != f"{_Q}AdhocQueryRequest" or held is None:
        raise QueryInvalid("Ce n'est pas une requête ITI-18.", "XDSRegistryError")
    option = element.find(f"{_Q}ResponseOption")
    asked = (option.get("returnType") if option is not None else None) or "LeafClass"
    if asked not in ("LeafClass", "ObjectRef"):
        raise QueryInvalid("Le type de retour demandé n'est pas admis.", "XDSRegistryError")
    return StoredQuery(
        held.get("id") or "",
        tuple(_parameter(slot) for slot in held.iterchildren(f"{_R}Slot")),
        "LeafClass" if asked == "LeafClass" else "ObjectRef",
    )


def build_answer(answer: QueryAnswer) -> etree._Element:
    """``query:AdhocQueryResponse``."""
    root = build_response(answer.response, _RESPONSE)
    root.append(build_list(answer.objects))
    return root


def read_answer(element: etree._Element) -> QueryAnswer | None:
    """What a registry found, None when the element is no answer of ITI-18.

    Raises:
        EbxmlInvalid: an object without what makes it one.
    """
    if element.tag != _RESPONSE:
        return None
    held = element.find(f"{_R}RegistryObjectList")
    return QueryAnswer(read_response(element), () if held is None else parse_list(held))


def _written(alternatives: tuple[str, ...], is_list: bool) -> str:
    if is_list:
        return f"({','.join(map(_quoted, alternatives))})"
    return alternatives[0] if _is_number(alternatives[0]) else _quoted(alternatives[0])


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _parameter(slot: etree._Element) -> Parameter:
    name = slot.get("name") or ""
    texts = [(one.text or "").strip() for one in slot.iterfind(f"{_R}ValueList/{_R}Value")]
    lists: list[tuple[str, ...]] = []
    is_list = False
    for text in texts:
        if _LIST.fullmatch(text):
            is_list = True
            lists.append(tuple(_unquoted(found) for found in _QUOTED.findall(text)))
        elif _QUOTED.fullmatch(text):
            lists.append((_unquoted(text[1:-1]),))
        elif _is_number(text):
            lists.append((text,))
        else:
            raise QueryInvalid("Un paramètre de la requête est mal écrit.", "XDSStoredQueryParamNumber")
    return Parameter(name, tuple(lists), is_list)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _unquoted(value: str) -> str:
    return value.replace("''", "'")
