"""Laws that hold whatever the order of deposits, corrections, repeats and refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.dmp.simulator.actors import Actor
from adapter.dmp.simulator.deposits import transact
from adapter.dmp.simulator.outcomes import Refusal
from adapter.dmp.simulator.patches import changed
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.store import Store
from tests.dmp.simulator.deposited import cda, deposit, label, oid, reference

Json = dict[str, Any]
NAMES = st.sampled_from("abcd")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["current", "superseded", "N", "", "/status"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "coding", "op"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        "",
        "/",
        "/status",
        "/securityLabel",
        "/securityLabel/0",
        "/securityLabel/-",
        "/extension",
        "/extension/0",
        "/type",
        "/content/0/attachment/hash",
        "/securityLabel/0/coding/0/code",
        "/masterIdentifier/value",
        "/~2",
        "/a~1b",
    ]
)


def _registry() -> Registry:
    return Registry(Store(":memory:"), lambda: datetime(2026, 11, 20, tzinfo=UTC), 100_000)


def _try(registry: Registry, bundle: Json) -> bool:
    try:
        transact(registry, Actor(), bundle, orjson.dumps(bundle))
    except Refusal as caught:
        refused = caught
    else:
        return True
    assert 400 <= refused.status < 500
    assert refused.issues
    return False


@settings(max_examples=60)
@given(st.lists(st.tuples(NAMES, NAMES | st.just(""), st.integers(1, 3)), max_size=8))
def test_each_unique_id_enters_once_and_each_document_is_replaced_once(deposits: list[tuple[str, str, int]]) -> None:
    registry = _registry()
    status: dict[str, str] = {}
    version: dict[str, int] = {}
    for name, replaces, rank in deposits:
        bundle = deposit(name, replaces=replaces, of="set", version=rank)
        allowed = name not in status and (
            not replaces or (status.get(replaces) == "current" and rank > version[replaces])
        )
        assert _try(registry, bundle) == allowed
        if allowed:
            status[name], version[name] = "current", rank
            if replaces:
                status[replaces] = "superseded"
    with registry.store.reading():
        held = {row.unique_id: row.status for row in registry.store.documents()}
        counts = registry.store.counts()
    assert held == {f"urn:oid:{oid(name)}": told for name, told in status.items()}
    assert counts["contents"] == counts["submission_sets"] == len(status)


@settings(max_examples=60)
@given(st.data())
def test_a_deposit_broken_anywhere_enters_whole_or_not_at_all(data: st.DataObject) -> None:
    registry = _registry()
    bundle = deposit("a")
    holder: Any = bundle
    while True:
        step = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if not isinstance(holder[step], dict | list) or not holder[step] or data.draw(st.integers(0, 3)) == 0:
            break
        holder = holder[step]
    if data.draw(st.booleans()):
        del holder[step]
    else:
        holder[step] = data.draw(JSON)
    entered = _try(registry, bundle)
    with registry.store.reading():
        counts = registry.store.counts()
    assert {counts["current"], counts["submission_sets"], counts["contents"]} == {int(entered)}


@settings(max_examples=200)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"op": st.sampled_from(["add", "remove", "replace", "test", "move", "copy"]), "path": PATHS},
            optional={"value": JSON | st.just(label("MASQUE_PS")) | st.just([label("R")]), "from": PATHS},
        ),
        max_size=3,
    )
)
def test_a_patch_touches_nothing_but_what_may_change(patch: list[Json]) -> None:
    before = reference("a", cda("a"))
    kept = orjson.dumps(before)
    status = 200
    try:
        after = changed(before, patch)
    except Refusal as refused:
        status = refused.status
    assert status in (200, 405, 422)
    if status == 200:
        free = {"status", "securityLabel", "extension"}
        assert {k: v for k, v in after.items() if k not in free} == {k: v for k, v in before.items() if k not in free}
        assert after["status"] in ("current", "superseded", "entered-in-error")
        assert after["securityLabel"]
    assert orjson.dumps(before) == kept
