"""Every foreign judge asked about every planted fault; what it says of the sound document is never counted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import ValidationError

from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.pdsm.resources import transaction
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.dmp.simulator import serve
from adapter.dmp.simulator.soap.authority import make_authority
from adapter.dmp.xds import ebxml, feeding, mtom
from adapter.dmp.xds.changes import require_done
from adapter.dmp.xds.client import FEED, XdsClient
from adapter.dmp.xds.ebxml import SubmitObjects
from adapter.dmp.xds.exchange import Call
from adapter.dmp.xds.metadata import submit_objects
from adapter.errors import DmpError
from adapter.submission import Submission
from tests.dmp.simulator.soap import users
from tests.dmp.xds import messages
from tests.interop import hapi, ipf_endpoints
from tests.interop.planted import planted_bundles, planted_documents
from tests.interop.planted_own import Column, column, sound
from tests.interop.planted_xds import MESSAGE_FAULTS, message_of, planted_messages, planted_submissions

SOUND: Final = "rien"
_LIMIT_S: Final = 600
_ACTOR: Final = {"X-DMP-Actor": "professional;rpps=99700100003;structure=1990000010;mode=direct"}
Change = Callable[[SubmitObjects], SubmitObjects]


class Deaf(RuntimeError):
    """A judge refuses the sound document: what it says of the others proves nothing."""


def foreign_columns(shared: Path, folder: Path) -> Iterator[Column]:
    """One column for each foreign judge."""
    yield from _fhir(shared, folder)
    yield from _cda(shared, folder)
    yield _xsd(shared)
    hapi_xds, *_ = _hapi(shared, folder, "XDS", {n: orjson.dumps(transaction(s)) for n, s in _deposits()})
    yield hapi_xds
    yield _pdsm()
    yield _soap()
    yield _ipf()


# ---------------------------------------------------------------- documents


def _fhir(shared: Path, folder: Path) -> Iterator[Column]:
    _, bundle, _ = sound()
    bundles = {name: orjson.dumps(one) for name, one in planted_bundles(orjson.loads(bundle))}
    said = _said_of_fhir(shared, _written(folder, {SOUND: bundle, **bundles}, "json"))
    yield _compared("FHIR", "check_fhir.py", said)
    yield column("FHIR", "fhir.resources", {name: _misshapen(one) for name, one in bundles.items()})
    yield from _hapi(shared, folder, "FHIR", {SOUND: bundle, **bundles})


def _cda(shared: Path, folder: Path) -> Iterator[Column]:
    cda, _, _ = sound()
    files = _written(folder, {SOUND: cda, **dict(planted_documents(cda))}, "xml")
    report = _run(shared / "tools" / "check_cda.py", "--json", *map(str, files.values()))
    by_file = {one["file"]: one["findings"] for one in report["documents"]}
    layers: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("XSD", lambda layer: layer in ("xml", "xsd")),
        ("schématrons ANS", lambda layer: layer not in ("xml", "xsd")),
    )
    for judge, mine in layers:
        said = {
            name: frozenset(f"{one['pattern']} {one['message']}" for one in by_file[str(file)] if mine(one["layer"]))
            for name, file in files.items()
        }
        yield _compared("CDA", judge, said)


def _said_of_fhir(shared: Path, files: Mapping[str, Path]) -> dict[str, frozenset[str]]:
    report = _run(shared / "tools" / "check_fhir.py", "--json", *map(str, files.values()))
    return {
        name: frozenset(
            f"{one['code']} {one['path']} {one['message']}" for one in report[str(file)] if one["severity"] == "error"
        )
        for name, file in files.items()
    }


def _hapi(shared: Path, folder: Path, family: Any, contents: Mapping[str, bytes]) -> Iterator[Column]:
    files = _written(folder, contents, f"hapi-{family}.json")
    opinion = hapi.judge(shared / "fhir" / "packages", list(files.values()))
    said = {
        name: frozenset(
            f"{one.rule} {one.place}"
            for one in opinion.remarks
            if one.document == file.name and one.severity == "error"
        )
        for name, file in files.items()
    }
    yield _compared(family, hapi.JUDGE, said)


def _misshapen(bundle: bytes) -> bool:
    from adapter.fhir.r4 import as_fhir_resources

    try:
        as_fhir_resources(bundle)
    except ValidationError:
        return True
    return False


# ---------------------------------------------------------------- metadata


def _deposits() -> Iterator[tuple[str, Submission]]:
    _, _, deposit = sound()
    yield SOUND, deposit
    yield from planted_submissions(deposit)


def _messages() -> Iterator[tuple[str, Submission, Change]]:
    """Every planted deposit with the change that its message then meets."""
    _, _, deposit = sound()
    for name, one in _deposits():
        yield name, one, lambda message: message
    for fault in MESSAGE_FAULTS:
        yield fault.name, deposit, fault.change


def _xsd(shared: Path) -> Column:
    judge = messages.schema(shared, "lcm.xsd")
    _, _, deposit = sound()
    all_of_them = {name: message_of(one) for name, one in _deposits()} | dict(planted_messages(message_of(deposit)))
    said = {
        name: frozenset() if judge.validate(ebxml.build(one)) else frozenset({name})
        for name, one in all_of_them.items()
    }
    return _compared("XDS", "XSD", said)


def _pdsm() -> Column:
    answers: dict[str, bool] = {}
    for name, one in _deposits():
        with serve() as running:
            session = DmpSession(retry=RetryPolicy(attempts=1), headers=lambda: _ACTOR)
            answers[name] = _refused(partial(PdsmClient(running.base_url, session).submit, one))
    return _heard("XDS", "simulateur PDSm", answers)


def _soap() -> Column:
    authority = make_authority()
    answers: dict[str, bool] = {}
    for name, one, change in _messages():
        with serve(tls=True, authority=authority) as running:
            client = users.client(running)
            answers[name] = _refused(partial(feed, client, one, change))
    return _heard("XDS", "simulateur SOAP", answers)


def _ipf() -> Column:
    answers: dict[str, bool] = {}
    with ipf_endpoints.PROGRAM.serving(log="off") as port:
        _, _, deposit = sound()
        client = ipf_endpoints.client(port, deposit.set.author)
        for name, one, change in _messages():
            answers[name] = _refused(partial(feed, client, one, change))
    return _heard("XDS", ipf_endpoints.JUDGE, answers)


def feed(client: XdsClient, submission: Submission, change: Change) -> None:
    """Sends a deposit whose message is changed once it is signed, past the judge of our client.

    Raises:
        DmpError: the registry refuses.
    """
    signed = client._credentials.signed(submission)
    root, parts = _unjudged(signed, change)
    deposit = submission.set
    reply = client._exchange.call(
        Call(
            "TD2.1", client._services.repository, FEED, root, deposit.patient_id,
            safe=False, parts=parts, mtom=True, author=deposit.author,
        )
    )  # fmt: skip
    require_done(reply, (deposit.patient_id.value, *feeding.secrets_of(deposit.patient)))


def _unjudged(signed: Submission, change: Change) -> tuple[Any, list[mtom.Part]]:
    root, parts = users.provided(signed)
    root.replace(root[0], ebxml.build(change(submit_objects(signed))))
    return root, parts


def _refused(send: Callable[[], object]) -> bool:
    try:
        send()
    except DmpError:
        return True
    return False


# ---------------------------------------------------------------- around


def _written(folder: Path, contents: Mapping[str, bytes], suffix: str) -> dict[str, Path]:
    files = {name: folder / f"{rank:02}.{suffix}" for rank, name in enumerate(contents)}
    for name, file in files.items():
        file.write_bytes(contents[name])
    return files


def _run(program: Path, *arguments: str) -> Any:
    command = [sys.executable, str(program), *arguments]
    done = subprocess.run(command, capture_output=True, timeout=_LIMIT_S, check=False)
    if done.returncode not in (0, 1):
        raise Deaf(f"{program.name}: {done.returncode}")
    return orjson.loads(done.stdout)


def _compared(family: Any, judge: str, said: Mapping[str, frozenset[str]]) -> Column:
    """A fault is seen when the judge says something that it does not say of the sound one."""
    before = said[SOUND]
    return column(family, judge, {name: bool(words - before) for name, words in said.items() if name != SOUND})


def _heard(family: Any, judge: str, answers: dict[str, bool]) -> Column:
    if answers.pop(SOUND):
        raise Deaf(f"{judge} refuses the sound deposit")
    return column(family, judge, answers)
