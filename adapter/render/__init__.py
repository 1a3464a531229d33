"""The readable sheet: one HTML page that says what the documents say, for people and for paper."""

from adapter.render.sheet import render

__all__ = ["render"]
