"""French wording of dates, numbers and lines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from adapter.compose.wording import clock, day, decimal, inline, joined, lines, moment, offset, partial, sentence

PARIS = timezone(timedelta(hours=2))


def test_days_and_times_read_as_in_french() -> None:
    assert day(date(2026, 3, 1)) == "01/03/2026"
    assert clock(datetime(2026, 3, 1, 9, 5, tzinfo=PARIS)) == "9 h 05"
    assert moment(datetime(2026, 10, 12, 10, 0, tzinfo=PARIS)) == "12/10/2026 à 10 h 00"


def test_an_offset_is_the_one_given() -> None:
    assert offset(datetime(2026, 1, 1, tzinfo=PARIS)) == "+02:00"
    assert offset(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-4)))) == "-04:00"
    assert offset(datetime(2026, 1, 1, tzinfo=UTC)) == ""


@pytest.mark.parametrize(
    ("label", "read"), [("Voie orale", "voie orale"), ("À éviter", "à éviter"), ("EMSP", "EMSP"), ("", "")]
)
def test_a_label_within_a_line_begins_without_a_capital(label: str, read: str) -> None:
    assert inline(label) == read


@pytest.mark.parametrize(
    ("given", "read"), [("2025", "2025"), ("2025-03", "03/2025"), ("2025-03-14", "14/03/2025"), (None, ""), ("", "")]
)
def test_a_partial_date_keeps_its_precision(given: str | None, read: str) -> None:
    assert partial(given) == read


@pytest.mark.parametrize(("given", "read"), [("4.50", "4,50"), ("60", "60"), ("-0.5", "-0,5")])
def test_a_decimal_keeps_its_digits(given: str, read: str) -> None:
    assert decimal(given) == read


def test_line_breaks_become_one_sort() -> None:
    assert lines("a\r\nb\rc\nd") == "a\nb\nc\nd"
    assert lines(None) == ""


def test_joined_leaves_out_what_is_empty() -> None:
    assert joined(("a", "", "b")) == "a ; b"
    assert joined(("", "")) == ""


def test_a_sentence_names_its_columns_and_never_punctuates_twice() -> None:
    columns = ("Signe : ", "Valeur : ", "Soins : ")
    assert sentence(columns, ("Poids", "", "48 kg")) == "Signe : Poids ; Soins : 48 kg"
    assert sentence(columns, ("Poids.", "Oui !", "fin.")) == "Signe : Poids. Valeur : Oui ! Soins : fin."
