"""FHIRPath invariants, run by fhirpathpy when it is installed; what it cannot run is left unjudged."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final

SKIPPED: Final = frozenset(
    (
        "ele-1",  # judged while walking: nothing is empty
        "ext-1",  # the same
        "dom-6",  # good practice only
        "txt-1",  # htmlChecks() is the matter of the narrative judge
        "txt-2",
        "ref-1",  # judged with the references
    )
)


@cache
def engine() -> Any:
    """Parts of fhirpathpy that run an expression (parser, evaluation, node, R4 model), or None without it."""
    try:
        module = importlib.import_module("fhirpathpy")
        nodes = importlib.import_module("fhirpathpy.engine.nodes")
        models = importlib.import_module("fhirpathpy.models")
    except ImportError:
        return None
    return module.parse, module.apply_parsed_path, nodes.ResourceNode.create_node, models.models["r4"]


@cache
def _compiled(expression: str, base: str) -> Callable[..., Any] | None:
    """Expression ready to run on an element of type or path `base`, or None without engine."""
    found = engine()
    if found is None:
        return None
    parse, apply_parsed, create_node, model = found
    parsed: list[Any] = []

    def run(value: Any, context: dict[str, Any], options: dict[str, Any]) -> Any:
        if not parsed:
            parsed.append(parse(expression))
        return apply_parsed(create_node(value, base), parsed[0], context, model, options)

    return run


def holds(expression: str, base: str, value: Any, resource: Any, root: Any, resolve: Callable[[str], Any]) -> bool:
    """False when the invariant surely fails; an empty result or an expression beyond the engine counts as true.

    Args:
        expression: FHIRPath of the invariant.
        base: path of the element in its base definition (``Observation.component``).
        value: the element; `resource` the resource it stands in; `root` the outermost one.
        resolve: gives the resource that a reference names, or None.
    """
    run = _compiled(expression, base)
    if run is None:
        return True
    context = {"resource": resource, "rootResource": root}
    options = {
        "userInvocationTable": {"resolve": {"fn": _resolver(resolve), "arity": {0: []}}},
        "traceFn": _silent,  # the engine prints traces otherwise, and they hold values of the instance
    }
    try:
        found = run(value, context, options)
    except Exception:  # noqa: BLE001 - the engine raises bare Exception for what it does not know
        return True
    return not (isinstance(found, list) and found and found[0] is False)


def _silent(*_: Any) -> None:
    """Nothing: traces are thrown away."""


def _resolver(resolve: Callable[[str], Any]) -> Callable[[Any], list[Any]]:
    """FHIRPath function ``resolve()`` for a collection of references."""

    def function(items: Any) -> list[Any]:
        found = []
        for item in items if isinstance(items, list) else [items]:
            data = getattr(item, "data", item)
            text = data.get("reference") if isinstance(data, dict) else data
            target = resolve(text) if isinstance(text, str) else None
            if target is not None:
                found.append(target)
        return found

    return function
