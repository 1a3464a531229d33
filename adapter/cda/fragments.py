"""XML written as it looks: snippets with named slots, parsed once, filled by one function that escapes by place.

A snippet that is not well-formed cannot be loaded. Every slot is escaped for where it stands, text or attribute;
``Markup`` (what a fragment gives back) passes as it is in text. There is no logic in a fragment, only one
convenience: ``use="{use?}"`` disappears as a whole when its value is None. A pseudo-attribute ``attributes="{coding}"``
takes a run of ready attributes, which `attributes` makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol, cast
from xml.parsers import expat  # reads our own constants at import, never anything from outside

_SLOT = re.compile(r"\{([a-z][a-z_]*)\}")
_OPTIONAL = re.compile(r"\{([a-z][a-z_]*)\?\}")
_INDENT = re.compile(r"\s*\n\s*")
_WRAPPER = "fragment"

# XML 1.0, production [2] Char: what no escape can bring into a document.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A parser turns a literal carriage return into a line feed, and any white space of an attribute into a blank.
_IN_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


class Markup(str):
    """XML ready to stand in element content; only fragments and `join` make it."""

    __slots__ = ()


class Attributes(str):
    """Attributes ready to stand in a start tag; only `attributes` makes it."""

    __slots__ = ()


NOTHING: Final = Markup("")


def is_plain(value: str) -> bool:
    """Whether `value` is its own escaped form as element content; a line break is not."""
    # Printable: neither control nor surrogate; the searches cost less than building a copy.
    return value.isprintable() and "&" not in value and "<" not in value and ">" not in value


def text(value: str) -> str:
    """`value` as element content; a carriage return survives as a character reference.

    Raises:
        ValueError: `value` holds a character that XML 1.0 cannot carry; it is not quoted.
    """
    if value.__class__ is Markup:
        return value
    if is_plain(value):
        return value
    if _NOT_XML.search(value):
        raise ValueError("caractère interdit en XML")
    return value.translate(_IN_TEXT)


def attribute(value: str) -> str:
    """`value` as the content of a double-quoted attribute; its white space survives.

    Raises:
        ValueError: `value` holds a character that XML 1.0 cannot carry, or is markup, which no attribute holds.
    """
    if value.isprintable() and "&" not in value and "<" not in value and '"' not in value:
        if value.__class__ is Markup and value:
            raise ValueError("balisage dans un attribut")
        return value
    if value.__class__ is Markup:
        raise ValueError("balisage dans un attribut")
    if _NOT_XML.search(value):
        raise ValueError("caractère interdit en XML")
    return value.translate(_IN_ATTRIBUTE)


def optional_attribute(opening: str, value: str | None) -> str:
    """Attribute that `opening` (`` name=``) begins, or nothing when `value` is None."""
    return "" if value is None else f'{opening}"{attribute(value)}"'


def attributes(**values: str | None) -> Attributes:
    """Run of attributes, each escaped, for a pseudo-attribute ``attributes``; a None leaves its attribute out."""
    return Attributes("".join([f' {name}="{attribute(value)}"' for name, value in values.items() if value is not None]))


def _not_attributes(value: object) -> str:
    raise ValueError("attributs attendus")


def join(parts: Iterable[Markup]) -> Markup:
    """Markup of `parts` one after the other."""
    return Markup("".join(parts))


class Fragment(Protocol):
    """One snippet, ready to be filled: every slot by its name, nothing more, nothing less."""

    def __call__(self, **values: str | None) -> Markup:
        """XML with every slot filled.

        Raises:
            TypeError: a slot got no value, or a value has no slot.
            ValueError: a value cannot be written in XML.
        """
        ...


class Sides(NamedTuple):
    """What stands before, after, and between two contents of the same element."""

    opening: Markup
    closing: Markup
    between: Markup


def around(source: str) -> Sides:
    """What stands around the only slot of `source`: for contents too long or too many to be copied one by one.

    Raises:
        ValueError: the snippet is not well-formed, or has not exactly one slot, in element content.
    """
    pieces = _flatten(source)
    if len(pieces) != 2 or pieces[0].place != "content":
        raise ValueError("un emplacement de contenu et un seul est attendu")
    opening, closing = pieces[0].static, pieces[1].static
    return Sides(Markup(opening), Markup(closing), Markup(closing + opening))


def each(sides: Sides, values: Sequence[str], escape: Callable[[str], str] = text) -> Markup:
    """Every one of `values` as element content between `sides`; `escape` writes them unless all are plain."""
    if not values:
        return NOTHING
    if not is_plain("".join(values)):
        values = [escape(value) for value in values]
    return Markup(f"{sides.opening}{sides.between.join(values)}{sides.closing}")


def wrap(sides: Sides, parts: Sequence[Markup]) -> Markup:
    """Every one of `parts` between `sides`."""
    return Markup(f"{sides.opening}{sides.between.join(parts)}{sides.closing}") if parts else NOTHING


_Place = Literal["content", "within", "optional", "attributes"]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Static text, then perhaps a slot: in element content, within an attribute, or an attribute that may go, a run."""

    static: str
    slot: str = ""
    place: _Place = "content"
    name: str = ""


def fragment(source: str) -> Fragment:
    """Fragment of the XML snippet `source`; its indentation is dropped.

    The snippet becomes one Python function of its static parts and the escapes of its slots, made as ``namedtuple``
    makes a constructor: filling it costs half of what a loop over the parts costs.

    Raises:
        ValueError: the snippet is not well-formed.
    """
    pieces = _flatten(source)
    names = dict.fromkeys(piece.slot for piece in pieces if piece.slot)
    parameters = f"*, {', '.join(names)}" if names else ""
    body = "".join([f"    {line}\n" for line in (*_checks(pieces), _result(pieces))])
    namespace: dict[str, Any] = {
        "_Markup": Markup,
        "_Attributes": Attributes,
        "_text": text,
        "_attribute": attribute,
        "_optional": optional_attribute,
        "_not_attributes": _not_attributes,
    }
    exec(compile(f"def fill({parameters}):\n{body}", "<fragment>", "exec"), namespace)  # noqa: S102  # our constants
    return cast(Fragment, namespace["fill"])


def _checks(pieces: list[_Piece]) -> list[str]:
    """Python lines that look at all the attribute values at once, and escape them one by one only when they must.

    The sum of the values is a str or raises: a None never becomes the word "None".
    """
    names = list(dict.fromkeys(piece.slot for piece in pieces if piece.place == "within"))
    if not names:
        return []
    return [
        f"_all = {' + '.join(names)}",
        """if not (_all.isprintable() and "&" not in _all and "<" not in _all and '"' not in _all):""",
        *[f"    _{name} = _attribute({name})" for name in names],
        "else:",
        *[f"    _{name} = {name}" for name in names],
    ]


def _result(pieces: list[_Piece]) -> str:
    """Python line that gives the Markup."""
    return f'return _Markup(f"""{"".join([_f_string(piece) for piece in pieces])}""")'


def _f_string(piece: _Piece) -> str:
    """`piece` as a part of an f-string within three double quotes."""
    static = piece.static.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
    slot = piece.slot
    if not slot:
        return static
    match piece.place:
        case "content":
            return f"{static}{{{slot} if {slot}.__class__ is _Markup else _text({slot})}}"
        case "within":
            return f"{static}{{_{slot}}}"
        case "attributes":
            return f"{static}{{{slot} if {slot}.__class__ is _Attributes else _not_attributes({slot})}}"
        case "optional":
            return f"{static}{{_optional(' {piece.name}=', {slot})}}"


def _flatten(source: str) -> list[_Piece]:
    """Static text and slots of `source` in order; the last piece has static text only."""
    pieces: list[_Piece] = []
    static: list[str] = []
    open_tag = False  # a start tag waits for its ">" or "/>"

    def add(slot: str, place: _Place, name: str = "") -> None:
        pieces.append(_Piece("".join(static), slot, place, name))
        static.clear()

    def close_tag() -> None:
        nonlocal open_tag
        if open_tag:
            static.append(">")
            open_tag = False

    def split(content: str, place: Literal["content", "within"]) -> None:
        escape = text if place == "content" else attribute
        for index, part in enumerate(_SLOT.split(content)):
            if index % 2:
                add(part, place)
            else:
                static.append(escape(part))

    def start(name: str, attributes: list[str]) -> None:
        nonlocal open_tag
        if name == _WRAPPER:
            return
        close_tag()
        static.append(f"<{name}")
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            optional = _OPTIONAL.fullmatch(value)
            run = _SLOT.fullmatch(value) if key == "attributes" else None
            if run:
                add(run[1], "attributes")
            elif optional:
                add(optional[1], "optional", key)
            else:
                static.append(f' {key}="')
                split(value, "within")
                static.append('"')
        open_tag = True

    def end(name: str) -> None:
        nonlocal open_tag
        if name == _WRAPPER:
            return
        static.append("/>" if open_tag else f"</{name}>")
        open_tag = False

    def characters(content: str) -> None:
        content = _INDENT.sub("", content)
        if content:
            close_tag()
            split(content, "content")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(f"<{_WRAPPER}>{source}</{_WRAPPER}>", True)
    except expat.ExpatError as error:
        raise ValueError(f"fragment mal formé : {error}") from error
    pieces.append(_Piece("".join(static)))
    return pieces
