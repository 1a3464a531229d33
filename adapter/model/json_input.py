"""JSON bytes of unknown origin, read with bounds: a value, or every fault with its place and never its content.

The good case costs the ``jiter`` parse and a few memory scans. Only when something is wrong or suspicious does a
second, tolerant reading walk the tree to name each culprit by its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

import jiter

from adapter.errors import Finding, FindingsError, Severity

JsonValue: TypeAlias = Any  # a JSON value: dict, list, str, int, Decimal, bool or None


class JsonRule(NamedTuple):
    """One rule of this reader, explained: short title, longer explanation, source."""

    title: str
    explanation: str
    source: str


RFC: Final = "RFC 8259"
JSON_RULES: Final[dict[str, JsonRule]] = {
    "JSON-SIZE": JsonRule(
        "Fichier JSON trop volumineux",
        "Le fichier dépasse la taille acceptée ; il est refusé sans être lu.",
        f"{RFC} section 9 (un lecteur peut borner la taille des textes)",
    ),
    "JSON-ENCODING": JsonRule(
        "Encodage autre que UTF-8",
        "Un texte JSON échangé entre systèmes est en UTF-8. Un fichier enregistré en windows-1252 ou en UTF-16 "
        "doit être converti avant l'envoi.",
        f"{RFC} section 8.1",
    ),
    "JSON-SYNTAX": JsonRule(
        "Texte qui n'est pas du JSON",
        "Le texte ne suit pas la grammaire de JSON (virgule en trop, guillemet manquant, texte après la fin...).",
        f"{RFC} section 2",
    ),
    "JSON-DUPLICATE-KEY": JsonRule(
        "Clé répétée dans un objet",
        "Deux membres d'un même objet portent le même nom : un lecteur garderait l'un ou l'autre, une donnée serait "
        "perdue sans bruit.",
        f"{RFC} section 4",
    ),
    "JSON-DEPTH": JsonRule(
        "Imbrication trop profonde",
        "Les objets et tableaux sont imbriqués au-delà de la profondeur acceptée.",
        f"{RFC} section 9 (un lecteur peut borner la profondeur)",
    ),
    "JSON-NUMBER": JsonRule(
        "Nombre impossible",
        "NaN, Infinity et les nombres de plusieurs milliers de chiffres ne sont pas des nombres JSON utilisables.",
        f"{RFC} section 6",
    ),
    "JSON-SURROGATE": JsonRule(
        "Demi-caractère Unicode isolé",
        "Une séquence \\uD800 à \\uDFFF sans sa moitié ne désigne aucun caractère et ne peut pas être écrite en UTF-8.",
        f"{RFC} section 8.2",
    ),
    "JSON-CONTROL": JsonRule(
        "Caractère de commande dans un texte",
        "Les caractères de commande (U+0000 à U+001F sauf tabulation et fins de ligne, U+007F à U+009F) et les "
        "non-caractères U+FFFE et U+FFFF n'ont pas leur place dans un document médical ; XML 1.0 en interdit la "
        "plupart et la chaîne FHIR aussi.",
        f"{RFC} section 7 ; XML 1.0 section 2.2 ; FHIR R4 datatypes, string",
    ),
}

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 100
MAX_FINDINGS: Final = 1000
"""Beyond, the text is not one with faults but something else; telling a million of them would help nobody."""

BOM: Final = b"\xef\xbb\xbf"

# Bytes that may spell a forbidden character once decoded, each behind one byte that is looked for first: both searches
# run at the speed of memchr. A false alarm only costs the walk.
SUSPICIOUS: Final = (
    (b"\\", re.compile(rb"\\(?:[bf]|u(?:00(?:[01]|7[fF]|[89])|[fF]{3}[eEfF]))")),
    (b"\x7f", re.compile(rb"\x7f")),
    (b"\xc2", re.compile(rb"\xc2[\x80-\x9f]")),
    (b"\xef", re.compile(rb"\xef\xbf[\xbe\xbf]")),
)
FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
SURROGATE: Final = re.compile("[\ud800-\udfff]")
# A field name of ours or of FHIR, or a typo close to one. Anything else may be data that went astray (a name, a
# number used as a key): it is told by its rank.
FIELD_LIKE: Final = re.compile(r"_?[a-z](?:[A-Za-z_]|64){0,39}[0-9]{0,2}\Z")
UTF_16: Final = re.compile(rb"\xff\xfe|\xfe\xff|[\s{\[\"]\x00[^\x00]\x00|\x00[\s{\[\"]\x00[^\x00]")
STRUCTURE: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
PLACE: Final = re.compile(r"at line (\d+) column (\d+)\Z")


def _nesting_limit() -> int:
    """Deepest nesting that the installed ``jiter`` accepts (200 in 0.x), measured once."""
    low, high = 1, 2
    while high < 4096 and _nests(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _nests(middle) else (low, middle)
    return low


def _nests(depth: int) -> bool:
    """True when ``jiter`` reads a number inside `depth` arrays."""
    try:
        jiter.from_json(b"[" * depth + b"0" + b"]" * depth)
    except ValueError:
        return False
    return True


NESTING_LIMIT: Final = _nesting_limit()


def parse_json(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, root: str = "$") -> JsonValue:
    """JSON value of `data`, without any fault.

    Numbers with a fraction or an exponent are ``Decimal``, digits kept (``4.50`` stays ``4.50``).

    Args:
        data: UTF-8 text, with or without a byte order mark.
        max_bytes: refused beyond, byte order mark included.
        max_depth: deepest nesting accepted, never more than `NESTING_LIMIT`; ``[1]`` has depth 1, an empty
            array or object adds nothing.
        root: how paths begin (``$`` for a visit, ``Bundle`` for a FHIR document).

    Raises:
        FindingsError: every fault found, each with its path or its ``line:column``.
    Source: RFC 8259.
    """
    value, findings = read_json(data, max_bytes=max_bytes, max_depth=max_depth, root=root)
    if findings:
        raise FindingsError(findings)
    return value


def read_json(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, root: str = "$"
) -> tuple[JsonValue, list[Finding]]:
    """JSON value of `data` and the forbidden characters found in its texts.

    For a caller that goes on to collect findings of its own; the arguments are those of `parse_json`. Findings stop
    one beyond `MAX_FINDINGS`.

    Raises:
        FindingsError: `data` gives no value at all (size, encoding, syntax, repeated key, depth...).
    """
    if len(data) > max_bytes:
        raise FindingsError([_finding("JSON-SIZE", root, f"Le fichier dépasse {max_bytes} octets.")])
    text = data[3:] if data.startswith(BOM) else data
    # Depth is judged by the parser itself: with the missing levels put around the text, what nests deeper than
    # max_depth meets the parser's own limit. A text that closes our brackets shows as a level without one child.
    levels = max(NESTING_LIMIT - max_depth, 0)
    try:
        value: JsonValue = jiter.from_json(
            b"".join((b"[" * levels, text, b"]" * levels)),
            allow_inf_nan=False,
            catch_duplicate_keys=True,
            float_mode="decimal",
            cache_mode="keys",
        )
    except ValueError:
        _refuse(text, max_depth, root)
    for _ in range(levels):
        if len(value) != 1:
            _refuse(text, max_depth, root)
        value = value[0]
    if any(mark in text and pattern.search(text) for mark, pattern in SUSPICIOUS):
        return value, list(islice(_characters(value, root), MAX_FINDINGS + 1))
    return value, []


def more_values_than(limit: int, raw: JsonValue) -> bool:
    """True when `raw` holds more than `limit` values, itself included; stops counting there."""
    count = 0
    levels = [iter((raw,))]
    while levels:
        for value in levels[-1]:
            count += 1
            if count > limit:
                return True
            if isinstance(value, (dict, list)) and value:
                levels.append(iter(value.values() if isinstance(value, dict) else value))
                break
        else:
            levels.pop()
    return False


def _finding(rule: str, path: str, message: str) -> Finding:
    """Finding of this reader; its source comes from the table of rules."""
    return Finding(rule, Severity.ERROR, path, message, JSON_RULES[rule].source)


def _place(text: bytes, offset: int) -> str:
    """``line:column`` of a byte offset, both from 1; columns count characters, as editors do."""
    start = text.rfind(b"\n", 0, offset) + 1
    column = len(text[start:offset].decode("utf-8", "replace")) + 1
    line = text.count(b"\n", 0, start) + 1
    return f"{line}:{column}"


def _refuse(text: bytes, max_depth: int, root: str) -> NoReturn:
    """Never returns: raises the findings that explain why the parser stopped."""
    raise FindingsError(_diagnose(text, max_depth, root)) from None


def _diagnose(text: bytes, max_depth: int, root: str) -> list[Finding]:
    """Findings, at least one, for a text that the strict parser refused."""
    if not text.strip():
        return [_finding("JSON-SYNTAX", "1:1", "Le fichier est vide.")]
    if UTF_16.match(text):  # without any accent, its bytes are UTF-8 too
        return [_finding("JSON-ENCODING", "1:1", _encoding_message(text))]
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as fault:
        return [_finding("JSON-ENCODING", _place(text, fault.start), _encoding_message(text))]
    limit = min(max_depth, NESTING_LIMIT)
    deep = _too_deep_at(text, limit)
    if deep is not None:
        message = f"L'imbrication dépasse {limit} niveaux."
        return [_finding("JSON-DEPTH", _place(text, deep), message)]
    try:
        loose = json.loads(decoded, strict=False, object_pairs_hook=_Members, parse_constant=_NotANumber)
    except json.JSONDecodeError as fault:
        return [
            _finding("JSON-SYNTAX", _place(text, len(decoded[: fault.pos].encode())), "Le texte n'est pas du JSON.")
        ]
    except ValueError:  # an integer of thousands of digits
        return [_strict_fault(text)]
    return list(islice(_faults(loose, root), MAX_FINDINGS + 1)) or [_strict_fault(text)]


def _encoding_message(text: bytes) -> str:
    """French sentence that names the likely encoding of a text that is not UTF-8."""
    if UTF_16.match(text):
        return "Le fichier n'est pas en UTF-8 ; il semble être en UTF-16."
    try:
        text.decode("cp1252")
    except UnicodeDecodeError:
        return "Le fichier n'est pas en UTF-8."
    return "Le fichier n'est pas en UTF-8 ; il semble être en windows-1252."


def _too_deep_at(text: bytes, max_depth: int) -> int | None:
    """Byte offset of the first bracket deeper than `max_depth`, or None."""
    depth = 0
    for token in STRUCTURE.finditer(text):
        mark = text[token.start()]
        if mark in b"[{":
            depth += 1
            if depth > max_depth:
                return token.start()
        elif mark in b"]}":
            depth -= 1
    return None


def _strict_fault(text: bytes) -> Finding:
    """Finding for the place where the strict parser stops; JSON-SYNTAX when nothing more precise is known."""
    try:
        jiter.from_json(text, allow_inf_nan=False, float_mode="decimal", cache_mode="none")
    except ValueError as fault:
        said = str(fault)
        path = _strict_place(text, said)
        if said.startswith("control character"):
            return _finding("JSON-CONTROL", path, "Un caractère de commande n'est pas échappé dans un texte.")
        if said.startswith("number out of range"):
            return _finding("JSON-NUMBER", path, "Un nombre a trop de chiffres.")
        return _finding("JSON-SYNTAX", path, "Le texte n'est pas du JSON.")
    return _finding("JSON-SYNTAX", "1:1", "Le texte n'est pas du JSON.")


def _strict_place(text: bytes, said: str) -> str:
    """``line:column`` of the strict parser's complaint, whose columns count bytes."""
    where = PLACE.search(said)
    if where is None:
        return "1:1"
    start = 0
    for _ in range(int(where[1]) - 1):
        start = text.index(b"\n", start) + 1
    return _place(text, min(start + max(int(where[2]) - 1, 0), len(text)))


class _Members(list[tuple[str, Any]]):
    """Members of one object as they stand in the text, repeated names included."""


class _NotANumber(str):
    """NaN, Infinity or -Infinity, kept as a mark."""

    __slots__ = ()


def member(key: str, rank: int) -> str:
    """``.key``, or its rank in braces (``.{3}``) when the key does not look like a field name."""
    return f".{key}" if FIELD_LIKE.match(key) else f".{{{rank}}}"


def _faults(value: Any, path: str) -> Iterator[Finding]:
    """Findings of a loosely read value: repeated keys, impossible numbers, forbidden characters."""
    if isinstance(value, _Members):
        seen: set[str] = set()
        for index, (key, child) in enumerate(value):
            here = path + member(key, index)
            if key in seen:
                yield _finding("JSON-DUPLICATE-KEY", here, "Cette clé figure plus d'une fois dans son objet.")
            seen.add(key)
            yield from _text_faults(key, here)
            yield from _faults(child, here)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _faults(child, f"{path}[{index}]")
    elif isinstance(value, _NotANumber):
        yield _finding("JSON-NUMBER", path, "NaN et Infinity ne sont pas des nombres JSON.")
    elif isinstance(value, str):
        yield from _text_faults(value, path)


def _characters(value: JsonValue, path: str) -> Iterator[Finding]:
    """Findings for the forbidden characters of a strictly read value, keys included."""
    if isinstance(value, str):
        yield from _text_faults(value, path)
    elif isinstance(value, dict):
        for index, (key, child) in enumerate(value.items()):
            here = path + member(key, index)
            yield from _text_faults(key, here)
            yield from _characters(child, here)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _characters(child, f"{path}[{index}]")


def _text_faults(text: str, path: str) -> Iterator[Finding]:
    """Findings for one text, one per kind, naming the first culprit by its number only."""
    forbidden = FORBIDDEN.search(text)
    if forbidden:
        yield _finding("JSON-CONTROL", path, f"Le texte contient le caractère de commande U+{ord(forbidden[0]):04X}.")
    if SURROGATE.search(text):
        yield _finding("JSON-SURROGATE", path, "Le texte contient une moitié de caractère Unicode isolée.")
