"""The second act of the demo: S1 to S7 sent to a DMP on this machine, corrected, hidden, shown, read back and checked.

Over PDSm it is all of them in both forms; over XDS, S1, S5 and S6 as CDA, under mutual TLS. Everything goes through the
commands that a user types; what they leave is then compared with what should be.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = Path("samples/visits")
AUTHOR = "professional;rpps=99700100003"
START_TIMEOUT_S = 30
SETTINGS = """\
outbox = "sqlite:///envois.db"

{doctor}

[destinations.patiente]
base_url = "{url}"
actor = "patient;ins={ins}"
"""
DOCTOR = """\
default_destination = "medecin"

[destinations.medecin]
base_url = "{url}"
actor = "{author}"
"""


@dataclass(frozen=True)
class Life:
    """What one run of the act sends.

    Attributes:
        visits: sent first; S4 is refused by its patient, and S6 corrects S1 later. ``forms``: of each.
        wire: of the doctor; the patient looks by PDSm, whatever the wire.
    """

    visits: tuple[str, ...] = ("s1", "s2", "s3", "s4", "s5", "s7")
    forms: str = "both"
    wire: str = "pdsm"

    @property
    def deposited(self) -> tuple[str, ...]:
        """Visits that end up in the DMP."""
        return tuple(sorted((*(name for name in self.visits if name != "s4"), "s6")))


WHOLE = Life()
SHORT = ("s1", "s4", "s5")


class Unexpected(Exception):
    """The demo found something else than what should be; the message says what, in French."""


def main(folder: Path, wire: str = "pdsm") -> int:
    """Exit code: 0 when the DMP, the queue and the audit trail end as they should.

    With ``xds`` the same short life is led over both wires, and must end alike.
    """
    lives = [WHOLE] if wire == "pdsm" else [Life(SHORT, "cda", "xds"), Life(SHORT, "cda")]
    ends = []
    try:
        for life in lives:
            place = folder / life.wire
            place.mkdir()
            with simulator(place, life.wire) as (url, doctor):
                ends.append(Act(place, url, doctor, life).play())
        if len(set(ends)) > 1:
            raise Unexpected(f"les deux voies ne finissent pas dans le même état : {ends}")
    except Unexpected as fault:
        say(f"ÉCHEC : {fault}")
        return 1
    if len(ends) > 1:
        say("Les deux voies, XDS en TLS mutuel et PDSm, finissent dans le même état.")
    say("Chaque document est déposé une fois, relu à l'identique, et la chaîne d'audit est intacte.")
    return 0


class Act:
    """One run: its folder, its DMP, and what it learned on the way."""

    def __init__(self, folder: Path, url: str, doctor: str, life: Life) -> None:
        ins = visit("s5")["patient"]["ins"]["value"]
        settings = folder / "dmp.toml"
        settings.write_text(SETTINGS.format(url=url, doctor=doctor, ins=ins), "utf-8")
        self.folder = folder
        self.life = life
        self.url = url
        self.environment = clean_environment(DMP_ADAPTER_SETTINGS=str(settings))
        if life.wire == "xds":  # who feeds as a structure may not read back what it fed
            self.environment["DMP_ADAPTER_DEFAULT_DESTINATION"] = "sim-xds-carte"
        self.ids: dict[str, list[str]] = {}

    def play(self) -> str:
        """The whole act, in order; what is left, in one line."""
        self.feed()
        self.correct()
        self.hide_and_show()
        self.refuse()
        self.read_back()
        return self.check_end()

    def feed(self) -> None:
        """The visits sent, all but S4."""
        told = self.send(*self.life.visits, code=3)  # 3: one of them, S4, is refused by the patient
        for name in self.life.visits:
            if name != "s4":
                self.expect(told[name]["row"]["state"], "confirmed", f"{name.upper()} confirmée par le DMP")
        self.ids = {name: one["row"]["unique_ids"] for name, one in told.items() if one["row"]}
        *names, last = [name.upper() for name in self.life.visits if name != "s4"]
        forms = "CDA et FHIR" if self.life.forms == "both" else "CDA"
        say(f"Dépôt : {', '.join(names)} et {last} déposées ({forms}) et retrouvées dans le DMP.")

    def correct(self) -> None:
        """S6 replaces S1; sent twice, it stays one version."""
        sent = self.send("s6")["s6"]
        self.expect(sent["row"]["state"], "confirmed", "S6 confirmée")
        self.ids["s6"] = sent["row"]["unique_ids"]
        again = self.send("s6")["s6"]
        self.expect((again["already"], again["row"]["id"]), (True, sent["row"]["id"]), "S6 reconnue au second envoi")
        for old in self.ids["s1"]:
            self.expect(self.document("s1", old)["status"], "superseded", "S1 remplacée")
        for new, old in zip(self.ids["s6"], self.ids["s1"], strict=True):
            found = self.document("s6", new)
            self.expect(found["status"], "current", "S6 en vigueur")
            self.expect(new == old, False, "S6 sous un nouvel identifiant")
        say("Correction : S6 remplace S1 ; renvoyée une seconde fois, elle n'est pas déposée deux fois.")

    def hide_and_show(self) -> None:
        """S5 is hidden from the patient, then shown, under the same identifier."""
        oid = self.ids["s5"][0]
        self.expect(self.document("s5", oid)["masks"], ["INVISIBLE_PATIENT"], "S5 déposée invisible à la patiente")
        self.command("dmp", "find", oid, "--destination", "patiente", "--visit", str(path("s5")), code=1)  # none
        for unique_id in self.ids["s5"]:
            shown = self.documents("show-to-patient", "s5", unique_id)[0]
            self.expect(
                (shown["masks"], shown["unique_id"]), ([], unique_id), "S5 rendue visible sans nouveau document"
            )
        seen = self.documents("find", "s5", oid, "--destination", "patiente")
        self.expect([one["unique_id"] for one in seen], [oid], "S5 vue par la patiente")
        hidden = self.documents("hide-from-patient", "s5", oid)[0]
        self.expect(hidden["masks"], ["INVISIBLE_PATIENT"], "S5 de nouveau invisible")
        self.documents("show-to-patient", "s5", oid)
        say("Visibilité : S5 invisible à la patiente, puis visible après l'annonce ; identifiant inchangé.")

    def refuse(self) -> None:
        """S4 is never sent, however often it is asked: the DMP never heard of its patient."""
        again = self.send("s4", code=3)["s4"]
        self.expect(again["row"], None, "S4 hors de la file")
        self.expect([one["rule"] for one in again["findings"]], ["SUB-OPPOSITION"], "opposition dite pour S4")
        ins = visit("s4")["patient"]["ins"]["value"]
        with contextlib.closing(sqlite3.connect(self.folder / "simulator.db")) as database:
            ((heard,),) = database.execute("SELECT count(*) FROM patient WHERE value = ?", (ins,))
            ((known,),) = database.execute("SELECT count(*) FROM patient")
        others = len(self.life.visits) - 1
        self.expect((heard, known), (0, others), "aucune requête sur le patient de S4, un DMP pour chacun des autres")
        say("Opposition : S4 relancée, jamais envoyée ; le DMP n'a reçu aucune requête sur ce patient.")

    def read_back(self) -> None:
        """Every document read from the DMP is, byte for byte, the one converted here."""
        converted = self.folder / "convertis"
        forms = "cda,fhir" if self.life.forms == "both" else "cda"
        visits = [str(path(name)) for name in self.life.deposited]
        run("convert", *visits, "--to", forms, "--out", str(converted), environment=self.environment)
        ours = {hashlib.sha1(one.read_bytes()).hexdigest() for one in converted.iterdir()}  # noqa: S324  # as XDS does
        theirs = set()
        for name in self.life.deposited:
            for oid in self.ids[name]:
                content = self.command("dmp", "get", oid, "--visit", str(path(name)))
                digest = hashlib.sha1(content).hexdigest()  # noqa: S324  # as XDS does
                self.expect(self.document(name, oid)["hash_sha1"], digest, f"{name.upper()} : empreinte du DMP")
                theirs.add(digest)
        self.expect(theirs, ours, "documents relus identiques aux documents convertis")
        say(f"Relecture : {len(theirs)} documents relus, tous identiques à l'octet près.")

    def check_end(self) -> str:
        """What is left: each document once, S1 superseded, nothing waiting, the chain whole."""
        with urllib.request.urlopen(f"{self.url}/admin/state", timeout=10) as answer:  # noqa: S310  # our own loopback
            held = [one for one in json.load(answer)["documents"] if not one["signature"]]
        expected = sorted(
            (oid, "superseded" if name == "s1" else "current") for name in self.ids for oid in self.ids[name]
        )
        self.expect(sorted((one["unique_id"], one["status"]) for one in held), expected, "chaque document une fois")
        rows = json.loads(self.command("outbox", "list", "--answer", "json"))["rows"]
        states = sorted(row["state"] for row in rows)
        confirmed = len(self.life.deposited) - 1
        self.expect(states, [*["confirmed"] * confirmed, "replaced"], f"{confirmed} dépôts confirmés, un remplacé")
        chain = json.loads(self.command("outbox", "verify", "--answer", "json"))
        events = self.command("outbox", "export-audit").splitlines()
        self.expect(
            (chain["sound"], len(events)), (True, chain["length"]), "chaîne d'audit intacte et exportée entière"
        )
        end = f"{len(held)} documents, {len(rows)} dépôts, {len(events)} traces d'audit chaînées"
        say(f"État final : {end}.")
        return end

    # ---------------------------------------------------------------- commands

    def send(self, *names: str, code: int = 0) -> dict[str, Any]:
        """What ``send`` says of each visit, by its name."""
        visits = [str(path(name)) for name in names]
        said = self.command("send", *visits, "--format", self.life.forms, "--wait", "--answer", "json", code=code)
        return dict(zip(names, json.loads(said)["visits"], strict=True))

    def documents(self, verb: str, name: str, oid: str, *more: str) -> list[dict[str, Any]]:
        """Documents that a ``dmp`` command shows."""
        said = self.command("dmp", verb, oid, "--visit", str(path(name)), "--answer", "json", *more)
        found: list[dict[str, Any]] = json.loads(said)["documents"]
        return found

    def document(self, name: str, oid: str) -> dict[str, Any]:
        """The one document of this identifier."""
        found = self.documents("find", name, oid)
        self.expect(len(found), 1, f"{name.upper()} trouvée une fois")
        return found[0]

    def command(self, *args: str, code: int = 0) -> bytes:
        """What a command prints; another exit code than `code` ends the demo."""
        return run(*args, environment=self.environment, code=code)

    def expect(self, found: object, wanted: object, what: str) -> None:
        """Passes when both are equal.

        Raises:
            Unexpected: they are not.
        """
        if found != wanted:
            raise Unexpected(f"attendu : {what} ; trouvé : {found}")


def run(*args: str, environment: dict[str, str], code: int = 0) -> bytes:
    """What one command prints.

    Raises:
        Unexpected: its exit code is not `code`.
    """
    done = subprocess.run(  # noqa: S603  # our own command on our own samples
        [sys.executable, "-m", "adapter", *args], env=environment, capture_output=True, check=False
    )
    if done.returncode != code:
        sys.stderr.buffer.write(done.stderr)
        raise Unexpected(f"« {' '.join(args[:2])} » rend {done.returncode} au lieu de {code}")
    return done.stdout


@contextlib.contextmanager
def simulator(folder: Path, wire: str) -> Iterator[tuple[str, str]]:
    """Address of a DMP that runs on a free port of this machine, and the settings of a doctor who uses it."""
    command = [sys.executable, "-m", "adapter", "simulator", "--port", "0", "--database", str(folder / "simulator.db")]
    if wire == "xds":
        command += ["--xds", "--xds-port", "0", "--certs", str(folder / "cles")]
    with subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            said = process.stdout.readline() if process.stdout else ""
            url = next((word for word in said.split() if word.startswith("http://")), "")
            if not url:
                raise Unexpected("le simulateur ne démarre pas")
            doctor = DOCTOR.format(url=url, author=AUTHOR)
            if wire == "xds":
                said = process.stdout.readline() if process.stdout else ""
                url_xds = next((word for word in said.split() if word.startswith("https://")), "")
                doctor = _settings(process)
            say(f"Simulateur de DMP : {url}" + (f" ; voie XDS en TLS mutuel : {url_xds}" if wire == "xds" else ""))
            yield url, doctor
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_S)


def _settings(process: subprocess.Popen[str]) -> str:
    """Settings that the simulator tells to copy."""
    told = []
    for line in process.stdout or ():
        if line.startswith("Patients fictifs"):
            break
        told.append(line)
    return "".join(told)


def clean_environment(**more: str) -> dict[str, str]:
    """Environment without settings of the machine."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("DMP_ADAPTER_")}, **more}


def path(name: str) -> Path:
    """File of a sample."""
    return SAMPLES / f"{name}.exhaustive.json"


def visit(name: str) -> dict[str, Any]:
    """A sample as JSON."""
    found: dict[str, Any] = json.loads(path(name).read_bytes())
    return found


def say(line: str) -> None:
    """One line of the story."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
