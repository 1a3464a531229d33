"""``dmp-adapter validate``: visits, CDA documents and Bundles judged, each recognised by its content."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from adapter.cli.choices import each_once, folder, format_option, read, settings_option
from adapter.cli.files import read_bounded
from adapter.cli.french import FINDINGS, OK, USAGE, FrenchCommand, Misuse, shown, told_os
from adapter.cli.rule_texts import all_rules, finding

if TYPE_CHECKING:
    from adapter.errors import Finding
    from adapter.settings import Settings
    from adapter.validation.fhir_packages import FhirPackages
    from adapter.validation.kit import CdaKit

MAX_FINDINGS = 1000
MAX_VALUES = 20_000  # four times the fullest document known; some judgements grow with the square of it

VISIT, CDA, BUNDLE, LARGE = "visit", "cda", "bundle", "large"


@click.command("validate", cls=FrenchCommand)
@click.argument("files", nargs=-1, required=True, metavar="FICHIER...")
@click.option("--kit", metavar="DOSSIER", help="Kit officiel : schéma XML et Schematron des documents CDA.")
@click.option("--fhir-packages", metavar="DOSSIER", help="Paquets de profils FHIR publiés, pour les Bundles.")
@click.option(
    "--fhir-validator",
    metavar="FICHIER|ADRESSE",
    help="Validateur FHIR à consulter aussi : validator_cli.jar, ou serveur qui répond à $validate.",
)
@click.option("--agree", is_flag=True, help="Compare chaque CDA au Bundle du même identifiant, parmi les fichiers.")
@settings_option
@format_option("text", "json", "sarif", "junit", "operationoutcome")
def command(
    files: tuple[str, ...],
    kit: str | None,
    fhir_packages: str | None,
    fhir_validator: str | None,
    agree: bool,
    settings_file: str | None,
    form: str,
) -> int:
    """Contrôle des visites, des documents CDA et des Bundles FHIR. « - » lit l'entrée standard."""
    from adapter.errors import Severity
    from adapter.validation import report

    files = each_once(files)
    judge = _Judge(read(settings_file), kit, fhir_packages, fhir_validator)
    pairs = _Pairs() if agree else None
    told: dict[str, list[Finding]] = {}
    codes = {OK}
    errors = warnings = 0

    def tell(name: str, found: list[Finding]) -> None:
        nonlocal errors, warnings
        wrong = sum(one.severity is Severity.ERROR for one in found)
        errors += wrong
        warnings += len(found) - wrong
        if form == "text":
            click.echo(report.as_text({shown(name): found}), nl=False)
        else:
            told.setdefault(name, []).extend(found)

    for name in files:
        try:
            data = read_bounded(name, judge.settings.max_input_bytes)
        except OSError as fault:
            codes.add(USAGE)
            click.echo(f"Erreur : {told_os(fault)}", err=True)
            continue
        kind, found = judge.check(data)
        tell(name, found)
        if pairs is not None and kind in {CDA, BUNDLE}:
            for pair, differences in pairs.take(name, kind, data):
                tell(pair, differences)
    if pairs is not None:
        for name, found in pairs.alone():
            tell(name, found)
    if form == "text":
        click.echo(f"{len(files)} fichier(s), {errors} erreur(s), {warnings} avertissement(s).")
    else:
        click.echo(_printed(form, told), nl=False)
    return max(codes | {FINDINGS if errors else OK})


def _printed(form: str, told: dict[str, list[Finding]]) -> bytes:
    from adapter.settings import SOFTWARE_VERSION
    from adapter.validation import report

    match form:
        case "sarif":
            return report.as_sarif(told, rules=all_rules(), version=SOFTWARE_VERSION)
        case "junit":
            return report.as_junit(told)
        case "operationoutcome":
            return report.as_operation_outcome(told)
        case _:
            return report.as_json(told)


class _Judge:
    """The judges of one command, loaded when a file needs them."""

    def __init__(self, settings: Settings, kit: str | None, packages: str | None, validator: str | None) -> None:
        self.settings = settings
        self._validator = validator
        self._kit: CdaKit | None = None
        self._packages: FhirPackages | None = None
        if kit is not None:
            from adapter.validation.kit import CdaKit

            self._kit = CdaKit(folder("--kit", kit))
        if packages is not None:
            from adapter.validation.fhir_packages import FhirPackages

            try:
                self._packages = FhirPackages(folder("--fhir-packages", packages))
            except FileNotFoundError:
                raise Misuse("--fhir-packages : aucun paquet FHIR lisible ici (NOM/package/*.json).") from None

    def check(self, data: bytes) -> tuple[str | None, list[Finding]]:
        """What the file is (None when unknown or too large to be compared), and its findings."""
        kind = self._kind(data)
        found: list[Finding]
        match kind:
            case "cda":
                found = self._check_cda(data)
            case "bundle":
                found = self._check_bundle(data)
            case "visit":
                from adapter.model.reader import check_visit

                _, findings = check_visit(data, **self._limits)
                found = list(findings)
            case "large":
                found = [_too_large("valeurs")]
            case _:
                found = [finding("CLI-KIND", "", _UNKNOWN + _likely(data))]
        found = list(dict.fromkeys(found))  # two judges may refuse the same bytes in the same words
        if kind != VISIT and len(found) > MAX_FINDINGS:  # visits bound their own
            message = f"Seuls les {MAX_FINDINGS} premiers constats sont donnés."
            found = [*found[:MAX_FINDINGS], finding("CLI-TOO-MANY", "", message)]
        return None if found and found[0].rule == "CLI-TOO-LARGE" else kind, found

    @property
    def _limits(self) -> dict[str, Any]:
        return {"max_bytes": self.settings.max_input_bytes, "max_depth": self.settings.max_input_depth}

    def _kind(self, data: bytes) -> str | None:
        start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] == b"<":
            return None if start[:14].lower() == b"<!doctype html" else CDA
        if start[:1] not in {b"{", b"["}:
            return None
        from adapter.errors import FindingsError
        from adapter.model.json_input import more_values_than, read_json

        try:
            value, _ = read_json(data, **self._limits)
        except FindingsError:  # told by the reader of visits, which reads it in the same way
            return VISIT
        if not isinstance(value, dict) or "resourceType" not in value:
            return VISIT
        return LARGE if more_values_than(MAX_VALUES, value) else BUNDLE

    def _check_cda(self, data: bytes) -> list[Finding]:
        from adapter.errors import DocumentInvalid
        from adapter.validation.cda_rules import check_cda_tree
        from adapter.validation.xml_input import parse_xml

        try:
            root = parse_xml(data, **self._limits)
        except DocumentInvalid as refused:
            return list(refused.findings)
        if sum(1 for _ in islice(root.iter(), MAX_VALUES + 1)) > MAX_VALUES:
            return [_too_large("éléments")]
        return [*check_cda_tree(root), *(self._kit.check(data) if self._kit else ())]

    def _check_bundle(self, data: bytes) -> list[Finding]:
        from adapter.validation.fhir_rules import check_bundle

        found = [*check_bundle(data, **self._limits), *(self._packages.check(data) if self._packages else ())]
        return [*found, *self._foreign(data)]

    def _foreign(self, data: bytes) -> list[Finding]:
        """What the validator of the user says."""
        if self._validator is None:
            return []
        from adapter.api.second_opinion import ValidatorUnusable, second_opinion

        try:
            return second_opinion(data, self._validator)
        except ValidatorUnusable as fault:
            raise Misuse(f"--fhir-validator : {fault}") from None


def _too_large(things: str) -> Finding:
    return finding("CLI-TOO-LARGE", "", f"Le document compte plus de {MAX_VALUES} {things}.")


_UNKNOWN = "Ni une visite, ni un document CDA, ni un Bundle FHIR."


def _likely(data: bytes) -> str:
    """What a file of no known kind seems to be, as the end of a sentence, or nothing."""
    if not data.strip():
        return " Le fichier est vide."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"<\0" in data[:8] or b"{\0" in data[:8]:
        return " Il semble être en UTF-16 : l'enregistrer en UTF-8."
    return " C'est un PDF." if data.startswith(b"%PDF-") else ""


class _Pairs:
    """CDA documents and Bundles waiting for the one that bears the same identifier."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._paired: set[str] = set()

    def take(self, name: str, kind: str, data: bytes) -> list[tuple[str, list[Finding]]]:
        """Differences of the pair that this file completes, if it does; nothing for a file without identifier."""
        identifier = _cda_identifier(data) if kind == CDA else _bundle_identifier(data)
        if identifier is None:
            return []
        if (kind, identifier) in self._waiting or identifier in self._paired:
            message = "Un autre fichier de la commande porte le même identifiant de document."
            return [(name, [finding("CLI-UNPAIRED", "", message)])]
        other = BUNDLE if kind == CDA else CDA
        found = self._waiting.pop((other, identifier), None)
        if found is None:
            self._waiting[kind, identifier] = (name, data)
            return []
        from adapter.validation import agreement

        self._paired.add(identifier)
        other_name, other_data = found
        if kind == CDA:
            return [(f"{name} = {other_name}", agreement.compare(data, other_data))]
        return [(f"{other_name} = {name}", agreement.compare(other_data, data))]

    def alone(self) -> list[tuple[str, list[Finding]]]:
        """One finding for each document whose counterpart was not given."""
        missing = {CDA: "Aucun Bundle FHIR donné n'a le même identifiant.", BUNDLE: "Aucun CDA donné n'a le même."}
        return [(name, [finding("CLI-UNPAIRED", "", missing[kind])]) for (kind, _), (name, _) in self._waiting.items()]


def _cda_identifier(data: bytes) -> str | None:
    """``root`` or ``root^extension`` of a structured CDA document; None for a level 1 one, or when unreadable."""
    from adapter.errors import DocumentInvalid
    from adapter.validation.xml_input import parse_xml

    try:
        root = parse_xml(data)
    except DocumentInvalid:
        return None
    identifier = root.find("{urn:hl7-org:v3}id")
    if identifier is None or root.find(".//{urn:hl7-org:v3}nonXMLBody") is not None:
        return None
    return "^".join(filter(None, (identifier.get("root"), identifier.get("extension")))) or None


def _bundle_identifier(data: bytes) -> str | None:
    """Identifier of a Bundle, written as that of its CDA; None when unreadable."""
    from adapter.errors import FindingsError
    from adapter.model.json_input import read_json

    try:
        value, _ = read_json(data)
    except FindingsError:
        return None
    identifier = value.get("identifier") if isinstance(value, dict) else None
    text = identifier.get("value") if isinstance(identifier, dict) else None
    return text.removeprefix("urn:oid:") if isinstance(text, str) else None
