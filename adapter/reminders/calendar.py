"""Reminder -> iCalendar bytes: one event with its alarm, or its cancellation.

Source: RFC 5545 (VEVENT, VALARM), RFC 5546 3.2.1 and 3.2.5 (PUBLISH and CANCEL, which name an organizer). Times are
UTC: no time zone has to be described, and every calendar shows them in its own.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Final

from adapter.errors import MissingExtra
from adapter.reminders.values import Reminder

PRODID: Final = "-//dmp-adapter//reminders//FR"
DAY_BEFORE: Final = timedelta(hours=24)
EVE_OF_A_DAY: Final = timedelta(hours=15)  # a whole day begins at midnight: nine in the morning of the day before


def as_ics(reminder: Reminder, *, alarm: timedelta | None = None) -> bytes:
    """Calendar file (UTF-8, CRLF) of one reminder; the same reminder gives the same bytes.

    Args:
        reminder: the next visit, or its withdrawal.
        alarm: how long before the start it rings; None for a day before, or the day before at nine when only the
            day is known; zero for no alarm.

    Raises:
        MissingExtra: the package icalendar is not installed.
    """
    try:
        from icalendar import Alarm, Calendar, Event, vCalAddress, vText
    except ImportError as error:
        raise MissingExtra("Le calendrier demande le paquet icalendar : installer dmp-adapter[calendar].") from error
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if reminder.cancelled else "PUBLISH")
    event = Event()
    event.add("uid", reminder.key)
    event.add("dtstamp", reminder.stamp.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", reminder.sequence)
    if reminder.at is not None:
        event.add("dtstart", reminder.at.astimezone(UTC).replace(microsecond=0))
    elif reminder.on is not None:
        event.add("dtstart", reminder.on)
        event.add("transp", "TRANSPARENT")  # a visit some time in the day does not fill the day
    event.add("summary", _summary(reminder))
    event.add("class", "CONFIDENTIAL")
    event.add("status", "CANCELLED" if reminder.cancelled else "TENTATIVE")
    organizer = vCalAddress(f"mailto:{reminder.doctor_email}" if reminder.doctor_email else f"urn:uuid:{reminder.key}")
    organizer.params["CN"] = vText(reminder.doctor)
    event.add("organizer", organizer)
    if described := "\n".join(part for part in (reminder.diagnosis, reminder.text) if part):
        event.add("description", described)
    if reminder.address:
        event.add("location", reminder.address)
    before = alarm if alarm is not None else DAY_BEFORE if reminder.at is not None else EVE_OF_A_DAY
    if before and not reminder.cancelled:
        rings = Alarm()
        rings.add("action", "DISPLAY")
        rings.add("description", reminder.what)
        rings.add("trigger", -before)
        event.add_component(rings)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _summary(reminder: Reminder) -> str:
    return f"{reminder.what} ({reminder.name or reminder.record})"
