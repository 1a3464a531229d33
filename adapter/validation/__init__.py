"""Judges of what the adapter prints: they read bytes, and share no table with the printers."""
