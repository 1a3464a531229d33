"""Read by mypy, never run: each ignored line must be a type error, or mypy says that the ignore is unused."""

from __future__ import annotations

from adapter.model.identifiers import INS_NIR_TEST, Finess, MatriculeIns, Rpps


def wants_rpps(rpps: Rpps) -> str:
    return rpps.national_id


def a_bare_text_is_no_identifier() -> None:
    wants_rpps("99700100003")  # type: ignore[arg-type]


def one_kind_of_identifier_is_not_another() -> None:
    wants_rpps(Finess.parse("990000010"))  # type: ignore[arg-type]


def values_do_not_change() -> None:
    Rpps.parse("99700100003").value = "0"  # type: ignore[misc]


def an_ins_needs_its_root() -> None:
    MatriculeIns.parse("252034410921797")  # type: ignore[call-arg]
    MatriculeIns.parse("252034410921797", INS_NIR_TEST)
