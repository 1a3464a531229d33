"""``dmp-adapter convert``: visits in, documents out, one visit at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapter.cli.choices import each_once, format_option, mappings_option, read, settings_option
from adapter.cli.files import read_bounded, write_together
from adapter.cli.french import (
    FINDINGS,
    OK,
    USAGE,
    FrenchCommand,
    Misuse,
    OneOf,
    SomeOf,
    refuse_closed_output,
    shown,
    told_os,
)

if TYPE_CHECKING:
    from adapter.compose import Options
    from adapter.errors import Finding
    from adapter.mapping import Mappings
    from adapter.settings import Settings

FORMS = ("cda", "fhir", "sheet", "n1", "pdf", "emergency")
ALL = ("cda", "fhir", "sheet")
SUFFIXES = {
    "cda": "cda.xml",
    "fhir": "bundle.json",
    "sheet": "sheet.html",
    "n1": "n1.xml",
    "pdf": "sheet.pdf",
    "emergency": "urgence.pdf",
}
MANY = 20  # visits from which a bar is worth its line


@click.command("convert", cls=FrenchCommand)
@click.argument("visits", nargs=-1, required=True, metavar="VISITE...")
@click.option(
    "--to",
    "forms",
    type=SomeOf(*FORMS, aliases={"all": ALL}),
    metavar="FORMES",
    help="Formes à produire, séparées par des virgules : cda, fhir, sheet (fiche HTML), pdf (la même, imprimée), "
    "emergency (fiche urgence, PDF), n1 (CDA autour du PDF), all (cda,fhir,sheet). Sans --to mais avec --out : all.",
)
@click.option(
    "--out",
    metavar="DOSSIER",
    help="Dossier des documents, nommés par leur identifiant. Sans --out : une seule visite, une seule forme, "
    "écrite sur la sortie standard.",
)
@click.option("--pdf", metavar="FICHIER", help="PDF porté par la forme n1 (une seule visite) ; sinon la fiche.")
@mappings_option
@settings_option
@click.option(
    "--encoding",
    type=OneOf("utf-8", "windows-1252"),
    default="utf-8",
    metavar="utf-8|windows-1252",
    help="Encodage des visites (utf-8 par défaut).",
)
@format_option("text", "json")
@click.option(
    "--provenance",
    is_flag=True,
    help="Écrit aussi, avec --out, de quels programme et tables viennent les documents, et leur empreinte (JSON).",
)
@click.option(
    "--trace",
    metavar="FICHIER",
    help="Écrit où va chaque champ et d'où vient chaque élément des documents (JSON, une seule visite ; voir explain).",
)
@click.option("--no-self-check", is_flag=True, help="Ne relit pas les documents produits (plus rapide, moins sûr).")
def command(
    visits: tuple[str, ...],
    forms: tuple[str, ...] | None,
    out: str | None,
    pdf: str | None,
    mappings: str | None,
    settings_file: str | None,
    encoding: str,
    form: str,
    no_self_check: bool,
    provenance: bool,
    trace: str | None,
) -> int:
    """Convertit des visites JSON en documents. « - » lit l'entrée standard.

    Une visite refusée n'arrête pas les autres ; ses constats sont tous donnés et rien n'est écrit pour elle.
    """
    forms = forms or (ALL if out is not None else ())
    visits = each_once(visits)
    _refuse_misuse(visits, forms, out, pdf)
    if provenance and out is None:
        raise Misuse("--provenance demande un dossier (--out).")
    if trace is not None and len(visits) > 1:
        raise Misuse("--trace ne vaut que pour une seule visite.")
    settings = read(settings_file, mappings)
    folder = Path(out) if out is not None else None
    if folder is None:
        refuse_closed_output()
    if folder is not None and folder.exists() and not folder.is_dir():
        raise Misuse("--out : c'est un fichier, un dossier est attendu.")
    data = _pdf(pdf, settings.max_input_bytes) if pdf is not None else None
    run = _Run(settings, forms, folder, data, encoding, not no_self_check, provenance, trace)
    teller = _Teller(form, folder is None)
    with _progress(len(visits)) as step:
        for name in visits:
            try:
                told = run.convert(name)
            except OSError as fault:
                if folder is None:
                    raise
                click.echo(f"Erreur : {told_os(fault)}", err=True)
                run.codes.add(USAGE)
                break  # the next visit would meet the same disk
            step()
            teller.tell(name, *told)
    teller.close(run.written)
    return max(run.codes)


def _refuse_misuse(visits: tuple[str, ...], forms: tuple[str, ...], out: str | None, pdf: str | None) -> None:
    if out is None and (len(visits), len(forms)) != (1, 1):
        raise Misuse("sans --out, une seule visite et une seule forme (--to) vont sur la sortie standard.")
    if pdf is not None and "n1" not in forms:
        raise Misuse("--pdf ne sert qu'à la forme n1 (--to n1).")
    if pdf is not None and len(visits) > 1:
        raise Misuse("--pdf ne vaut que pour une seule visite.")


def _pdf(name: str, max_bytes: int) -> bytes:
    data = read_bounded(name, max_bytes)
    if len(data) > max_bytes:
        raise Misuse(f"--pdf : le fichier dépasse {max_bytes} octets.")
    if not data.startswith(b"%PDF-"):
        raise Misuse("--pdf : ce fichier n'est pas un PDF (il commencerait par « %PDF- »).")
    return data


class _Run:
    """The conversions of one command: what they share, and what they leave."""

    def __init__(
        self,
        settings: Settings,
        forms: tuple[str, ...],
        folder: Path | None,
        pdf: bytes | None,
        encoding: str,
        self_check: bool,
        provenance: bool,
        trace: str | None,
    ) -> None:
        from adapter.compose import Options
        from adapter.mapping import load, merged

        self.settings = settings
        self.options: Options = Options(settings.issuer_oid, settings.practice_setting, settings.edition)
        self.mappings: Mappings = load(settings.mappings)
        self.mappings.edition(settings.edition)  # an unknown edition is told once, before any visit
        self.forms = forms
        self.folder = folder
        self.pdf = pdf
        self.encoding = encoding
        self.self_check = self_check
        self.replaced = merged(settings.mappings).own if provenance and settings.mappings else frozenset[str]()
        self.provenance = provenance
        self.trace = trace
        self.codes = {OK}
        self.written = 0
        self._seen: dict[str, bytes] = {}

    def convert(self, name: str) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Findings of one visit, and the names of the files written for it.

        Raises:
            OSError: the output cannot be written.
        """
        from adapter.errors import FindingsError, MappingError

        try:
            data = read_bounded(name, self.settings.max_input_bytes)
        except OSError as fault:
            self.codes.add(USAGE)
            click.echo(f"Erreur : {told_os(fault)}", err=True)
            return (), ()
        try:
            made, warnings = self._documents(data)
            if self.trace is not None:
                warnings = (*warnings, *self._traced(data, Path(self.trace)))
        except FindingsError as fault:
            self.codes.add(USAGE if isinstance(fault, MappingError) else FINDINGS)
            return fault.findings, ()
        if self.folder is None:
            (content,) = made.values()
            click.echo(content, nl=False)
            return warnings, ()
        write_together(self.folder, made)
        self.written += len(made)
        return warnings, tuple(made)

    def _documents(self, data: bytes) -> tuple[Mapping[str, bytes], tuple[Finding, ...]]:
        """Content by file name, and the warnings.

        Raises:
            FindingsError: the visit, the tables or the documents are refused.
        """
        from adapter import api
        from adapter.errors import DocumentInvalid, Severity, VisitInvalid
        from adapter.model.reader import check_visit
        from adapter.validation.cda_rules import check_cda

        visit, found = check_visit(
            decoded(data, self.encoding),
            max_bytes=self.settings.max_input_bytes,
            max_depth=self.settings.max_input_depth,
        )
        if visit is None:
            raise VisitInvalid(found)
        document = api.compose(visit, options=self.options, mappings=self.mappings)
        made: dict[str, bytes] = {}
        if self.self_check or "cda" in self.forms:
            made["cda"] = api.render_cda(document)
        if self.self_check or "fhir" in self.forms:
            made["fhir"] = api.render_bundle(document)
        if "sheet" in self.forms:
            made["sheet"] = api.render_sheet(document)
        if "pdf" in self.forms or ("n1" in self.forms and self.pdf is None):
            made["pdf"] = api.render_pdf(document)
        if "n1" in self.forms:
            made["n1"] = api.render_cda_n1(document, made["pdf"] if self.pdf is None else self.pdf)
        if "emergency" in self.forms:
            made["emergency"] = api.render_emergency_pdf(document)
        judged = api.check_outputs(made["cda"], made["fhir"]) if self.self_check else []
        if self.self_check and "n1" in made:
            judged = [*judged, *check_cda(made["n1"])]
        everything = (*found, *document.notices, *judged)
        if any(one.severity is Severity.ERROR for one in judged):
            raise DocumentInvalid(everything)
        self._refuse_other_content(document.bundle_key, data)
        contents = {f"{document.bundle_key}.{SUFFIXES[form]}": made[form] for form in self.forms}
        if self.provenance:
            from adapter.api.provenance import provenance

            told = provenance(
                document,
                contents,
                edition=self.settings.edition,
                software=self.settings.software_name,
                version=self.settings.software_version,
                replaced=self.replaced,
            )
            contents[f"{document.bundle_key}.provenance.json"] = told
        return contents, everything

    def _traced(self, data: bytes, file: Path) -> tuple[Finding, ...]:
        """Write the trace of one visit; what is lost or without origin comes back."""
        from adapter.cli import explain

        trace = explain.traced(decoded(data, self.encoding), self.settings)
        write_together(file.parent, {file.name: explain.as_json(trace)})
        self.codes.add(explain.code(trace))
        return explain.findings(trace)

    def _refuse_other_content(self, key: str, data: bytes) -> None:
        """Refuse a second visit that would take the files of the first; the same visit given twice passes."""
        from hashlib import sha256

        from adapter.cli.rule_texts import finding
        from adapter.errors import VisitInvalid

        digest = sha256(data).digest()
        if self._seen.setdefault(key, digest) != digest:
            message = "Une autre visite de la même commande porte cet identifiant et cette version."
            raise VisitInvalid([finding("CLI-SAME-DOCUMENT", "$.id", message)])


def decoded(data: bytes, encoding: str) -> bytes | str:
    """`data` for the reader of visits, which decodes UTF-8 itself.

    Raises:
        VisitInvalid: not in `encoding`.
    """
    if encoding == "utf-8":
        return data
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as fault:
        from adapter.errors import Finding, Severity, VisitInvalid

        message = f"L'octet {fault.start} n'est pas du windows-1252."
        raise VisitInvalid([Finding("JSON-ENCODING", Severity.ERROR, "$", message)]) from None


@dataclass
class _Teller:
    """Says what became of each visit: as it goes in text, at the end in JSON."""

    form: str
    on_stderr: bool
    files: dict[str, list[Finding]] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    visits: int = 0
    errors: int = 0
    warnings: int = 0

    def tell(self, name: str, findings: tuple[Finding, ...], written: tuple[str, ...]) -> None:
        from adapter.errors import Severity

        self.visits += 1
        errors = sum(one.severity is Severity.ERROR for one in findings)
        self.errors += errors
        self.warnings += len(findings) - errors
        if self.form == "json":
            self.files.setdefault(name, []).extend(findings)
            self.names[name] = written
            return
        if findings:
            from adapter.validation import report

            click.echo(report.as_text({shown(name): findings}), nl=False, err=self.on_stderr)
        if written:
            key = written[0].partition(".")[0]
            kinds = ", ".join(one.partition(".")[2] for one in written)
            click.echo(f"{shown(name)} -> {key} ({kinds})")

    def close(self, written: int) -> None:
        if self.form == "json":
            import json

            from adapter.validation import report

            told: dict[str, Any] = json.loads(report.as_json(self.files))
            for entry, names in zip(told["files"], self.names.values(), strict=True):
                entry["written"] = list(names)
            # bytes: JSON is UTF-8 whatever the console
            click.echo(json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n", nl=False, err=self.on_stderr)
        elif not self.on_stderr:
            click.echo(
                f"{self.visits} visite(s), {written} fichier(s) écrit(s), "
                f"{self.errors} erreur(s), {self.warnings} avertissement(s)."
            )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A step to call after each visit; it moves a bar on a terminal when there are many.

    Where the answers go to the same terminal, the bar's line is given up to them and drawn again below.
    """
    if total < MANY or not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=total, label="Conversion", file=sys.stderr) as bar:

        def step() -> None:
            bar.update(1)
            if sys.stdout.isatty():
                click.echo("\r\x1b[2K", nl=False, err=True)

        yield step
