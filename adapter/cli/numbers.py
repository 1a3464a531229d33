"""Numbers of the command line, refused in French."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _Number = click.ParamType[Any]
else:
    _Number = click.ParamType  # not generic before click 8.5


class Whole(_Number):
    """A whole number between two bounds, both included."""

    name = "nombre"

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) < 12 and self.least <= int(text) <= self.most:
            return int(text)
        return int(self.fail(f"un entier de {self.least} à {self.most} est attendu.", param, ctx))
