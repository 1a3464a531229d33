"""The next visit as a calendar entry or as FHIR, and what is due, late or still hidden from a patient."""

from __future__ import annotations

from adapter.reminders.values import Details, Reminder, next_visit

__all__ = ["Details", "Reminder", "next_visit"]
