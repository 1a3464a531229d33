"""Allergies, treatments, anticipatory prescriptions, devices. No dose is computed."""

from __future__ import annotations

from adapter.compose.draft import Content, Draft, row
from adapter.compose.wording import day, decimal, inline, joined, lines, partial
from adapter.errors import Finding, Severity
from adapter.mapping import SectionSpec
from adapter.model import clinical
from adapter.model.coded import Coding, Concept
from adapter.model.document import Allergy, Block, Device, Medication, Paragraph, Quantity, Row, Table


def amount(draft: Draft, given: clinical.Quantity | None) -> str:
    """Quantity for a reader: ``60 mg``, ``4,50 mL``; empty when there is none."""
    return f"{decimal(given.value)} {draft.shown('units', given.unit)}" if given else ""


def quantity(draft: Draft, given: clinical.Quantity | None) -> Quantity | None:
    """Quantity for a machine: value as written, unit in words and in UCUM when it has a code."""
    if given is None:
        return None
    unit = draft.concept("units", given.unit)
    return Quantity(given.value, unit.text, unit.codings[0].code if unit.codings else "")


def allergies(draft: Draft, spec: SectionSpec) -> Content:
    """Allergies; not asked, none known and listed are three different statements."""
    visit, m = draft.visit, draft.mappings
    told = visit.allergies
    comment = lines(told.comment) if told else ""
    if told is None or told.status != "listed":
        absence = "no-known-allergies" if told and told.status == "none-known" else "no-allergy-info"
        text = draft.words("allergies.none-known" if absence == "no-known-allergies" else "allergies.unknown")
        anchor = draft.anchor(spec.key)
        entry = Allergy(
            key=draft.keys.key("allergies/absence"),
            anchor=anchor,
            statement=text,
            kind=m.coding("allergy-kinds", "allergy"),
            agent=Concept(text, (m.coding("absences", absence),)),
            absence=True,
        )
        blocks: list[Block] = [Paragraph(text, anchor=anchor)]
        if comment:
            blocks.append(Paragraph(comment, draft.words("comment"), draft.anchor(spec.key)))
        return Content(tuple(blocks), (entry,))
    columns = draft.heads("allergies")
    rows: list[Row] = []
    entries: list[Allergy] = []
    for number, a in enumerate(told.items):
        anchor = draft.anchor(spec.key)
        kind = draft.concept("allergy-kinds", a.kind)
        reaction = a.reaction or a.reaction_cim10 or ""
        nature = kind.text if "kind" in a.model_fields_set else ""
        cells = (a.agent, nature, reaction, partial(a.onset), lines(a.comment))
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        agent = drug(draft, f"$.allergies.items[{number}]", a.agent, a.substance, a.atc)
        if not agent.codings:
            draft.uncoded(f"$.allergies.items[{number}]")
        entries.append(
            Allergy(
                key=draft.keys.key(f"allergies/{number}"),
                anchor=anchor,
                statement=statement,
                kind=m.coding("allergy-kinds", a.kind),
                agent=agent,
                reaction=draft.coded(reaction, ("cim-10", a.reaction_cim10)) if reaction else None,
                onset=a.onset or "",
            )
        )
    blocks = [Table(columns.titles, tuple(rows))]
    if comment:
        blocks.append(Paragraph(comment, draft.words("comment"), draft.anchor(spec.key)))
    return Content(tuple(blocks), tuple(entries))


def drug(
    draft: Draft, path: str, label: str, substance: str | None, atc: str | None, cis: str | None = None
) -> Concept:
    """Product in the doctor's words, with the CIS and ATC codes that were given or that the substance has.

    An ATC code that the substance does not have is printed alone, as it was given, and reported.
    """
    codings: list[Coding] = []
    if cis:
        codings.append(Coding(draft.mappings.system("cis"), cis))
    if substance:
        known = [c for c in draft.concept("substances", substance).codings if not atc or c.code == atc]
        codings += known
        if atc and not known:
            message = "Le code ATC transmis n'est pas celui de la substance : il est imprimé seul."
            source = "Règle de l'adaptateur : codes concordants"
            draft.notices.append(Finding("CMP-ATC", Severity.WARNING, f"{path}.atc", message, source))
            codings.append(Coding(draft.mappings.system("atc"), atc))
    elif atc:
        codings.append(Coding(draft.mappings.system("atc"), atc))
    return Concept(label, tuple(codings))


def treatments(draft: Draft, spec: SectionSpec) -> Content:
    """Treatments in use, those stopped or suspended, then anticipatory prescriptions."""
    visit, m = draft.visit, draft.mappings
    told = visit.treatments
    blocks: list[Block] = []
    entries: list[Medication] = []
    if told is None or told.status != "listed":
        absence = "no-known-medications" if told and told.status == "none" else "no-medication-info"
        text = draft.words("treatments.none" if absence == "no-known-medications" else "treatments.unknown")
        anchor = draft.anchor(spec.key)
        blocks.append(Paragraph(text, anchor=anchor))
        # A list of anticipatory prescriptions below is information on medication: no coded absence beside it.
        if not visit.anticipatory:
            entries.append(
                Medication(
                    key=draft.keys.key("treatments/absence"),
                    anchor=anchor,
                    statement=text,
                    status="active",
                    product=Concept(text, (m.coding("absences", absence),)),
                    absence=True,
                )
            )
    else:
        current = [(n, t) for n, t in enumerate(told.items) if t.status == "active"]
        ended = [(n, t) for n, t in enumerate(told.items) if t.status != "active"]
        for some, caption in ((current, "treatments.current"), (ended, "treatments.ended")):
            if some:
                table, found = _listed(draft, spec.key, some, draft.words(caption))
                blocks.append(table)
                entries += found
    if told and told.comment:
        blocks.append(Paragraph(lines(told.comment), draft.words("comment"), draft.anchor(spec.key)))
    if visit.anticipatory:
        table, found = _anticipatory(draft, spec.key)
        blocks.append(table)
        entries += found
    return Content(tuple(blocks), tuple(entries))


def _dosage(draft: Draft, t: clinical.Treatment) -> str:
    words = draft.words
    parts = [amount(draft, t.dose)]
    if t.times_per_day:
        parts.append(words("dosage.times-per-day").format(n=t.times_per_day))
    if t.every_hours:
        parts.append(words("dosage.every-hours").format(n=t.every_hours))
    parts.append(t.schedule or "")
    if t.kind == "as-needed":
        parts.append(words("dosage.as-needed"))
    if t.max_per_day:
        parts.append(words("dosage.max-per-day").format(n=t.max_per_day))
    if t.taken_last_day is not None:
        parts.append(words("dosage.taken-last-day").format(n=t.taken_last_day))
    if t.pca:
        p = t.pca
        if p.rate:
            parts.append(words("dosage.rate").format(amount=amount(draft, p.rate)))
        if p.bolus:
            parts.append(words("dosage.bolus").format(amount=amount(draft, p.bolus)))
        if p.lockout_min is not None:
            parts.append(words("dosage.lockout").format(n=p.lockout_min))
        if p.max_boluses is not None:
            key = "dosage.max-boluses-hours" if p.max_boluses_hours else "dosage.max-boluses"
            parts.append(words(key).format(n=p.max_boluses, hours=p.max_boluses_hours))
        elif p.max_boluses_hours is not None:
            parts.append(words("dosage.boluses-hours").format(hours=p.max_boluses_hours))
    return joined((joined(parts, ", "), lines(t.instructions)), "\n")


def _listed(
    draft: Draft, section: str, items: list[tuple[int, clinical.Treatment]], caption: str
) -> tuple[Table, list[Medication]]:
    columns = draft.heads("treatments")
    rows: list[Row] = []
    entries: list[Medication] = []
    for number, t in items:
        anchor = draft.anchor(section)
        dosage = _dosage(draft, t)
        route = draft.concept("routes", t.route) if t.route else None
        form = joined((draft.shown("releases", t.release), t.form or ""), ", ")
        period = joined(
            (draft.since(t.start), draft.since(t.end, "until"), draft.since(t.last_change, "changed")), ", "
        )
        # « Prise régulière » is the default of the format: it is printed when it was said, and only then.
        nature = draft.shown("treatment-kinds", t.kind) if "kind" in t.model_fields_set else ""
        status = draft.shown("treatment-statuses", t.status)
        cells = (
            joined((t.label, form), ", "),
            dosage,
            route.text if route else "",
            joined((status, inline(nature)), ", "),
            period,
            joined((t.indication or "", lines(t.change_reason)), "\n"),
        )
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        product = drug(draft, f"$.treatments.items[{number}]", t.label, t.substance, t.atc, t.cis)
        if not product.codings:
            draft.uncoded(f"$.treatments.items[{number}]")
        entries.append(
            Medication(
                key=draft.keys.key(f"treatments/{number}"),
                anchor=anchor,
                statement=statement,
                status=t.status,
                product=product,
                form=form,
                route=route,
                dose=quantity(draft, t.dose),
                rate=quantity(draft, t.pca.rate) if t.pca else None,
                times_per_day=t.times_per_day,
                every_hours=t.every_hours,
                as_needed=t.kind == "as-needed",
                max_per_day=t.max_per_day,
                indication=t.indication or "",
                dosage=dosage,
                start=t.start or "",
                end=t.end or "",
            )
        )
    return Table(columns.titles, tuple(rows), caption), entries


def _anticipatory(draft: Draft, section: str) -> tuple[Table, list[Medication]]:
    words = draft.words
    columns = draft.heads("anticipatory")
    rows: list[Row] = []
    entries: list[Medication] = []
    for number, p in enumerate(draft.visit.anticipatory):
        anchor = draft.anchor(section)
        route = draft.concept("routes", p.route) if p.route else None
        dosage = joined((amount(draft, p.dose), lines(p.instructions)), "\n")
        at_home = (
            "" if p.at_home is None else words("anticipatory.at-home" if p.at_home else "anticipatory.not-at-home")
        )
        cells = (
            p.label,
            p.indication or "",
            dosage,
            route.text if route else "",
            joined((at_home, p.location or ""), ", "),
            day(p.prescribed_on) if p.prescribed_on else "",
        )
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        product = drug(draft, f"$.anticipatory[{number}]", p.label, p.substance, p.atc)
        if not product.codings:
            draft.uncoded(f"$.anticipatory[{number}]")
        entries.append(
            Medication(
                key=draft.keys.key(f"anticipatory/{number}"),
                anchor=anchor,
                statement=statement,
                status="planned",
                product=product,
                route=route,
                dose=quantity(draft, p.dose),
                as_needed=True,
                indication=p.indication or "",
                dosage=dosage,
                start=p.prescribed_on.isoformat() if p.prescribed_on else "",
            )
        )
    return Table(columns.titles, tuple(rows), words("treatments.anticipatory")), entries


def devices(draft: Draft, spec: SectionSpec) -> Content:
    """Devices in place; none listed says nothing, so nothing is printed."""
    if not draft.visit.devices:
        return Content()
    columns = draft.heads("devices")
    rows: list[Row] = []
    entries: list[Device] = []
    for number, d in enumerate(draft.visit.devices):
        anchor = draft.anchor(spec.key)
        what = draft.named("devices", d.device, d.label)
        side = draft.shown("sides", d.side)
        site = joined((d.site or "", inline(side) if d.site else side), ", ")
        hours = draft.words("devices.hours-per-day").format(n=d.hours_per_day) if d.hours_per_day is not None else ""
        use = joined((amount(draft, d.flow), hours), ", ")
        cells = (what.text, site, partial(d.since), use, d.owner or "", lines(d.comment))
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        if not what.codings:
            draft.uncoded(f"$.devices[{number}]")
        entries.append(
            Device(
                key=draft.keys.key(f"devices/{number}"),
                anchor=anchor,
                statement=statement,
                what=what,
                site=site,
                since=d.since or "",
            )
        )
    return Content((Table(columns.titles, tuple(rows)),), tuple(entries))
