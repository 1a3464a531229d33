"""What several commands ask in the same words: folders, settings, form of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adapter.cli.files import STDIN
from adapter.cli.french import Misuse, OneOf

if TYPE_CHECKING:
    from adapter.settings import Settings

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def format_option(*forms: str) -> Callable[[_Decorated], _Decorated]:
    """Option ``--format``; the first form is the default."""
    return click.option(
        "--format",
        "form",
        type=OneOf(*forms),
        default=forms[0],
        metavar="|".join(forms),
        help=f"Forme de la réponse ({forms[0]} par défaut).",
    )


mappings_option = click.option(
    "--mappings",
    metavar="DOSSIER",
    help="Dossier de tables : chaque fichier remplace celui du paquet qui porte le même nom.",
)
settings_option = click.option(
    "--settings", "settings_file", metavar="FICHIER", help="Fichier de réglages TOML (sinon DMP_ADAPTER_SETTINGS)."
)


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Files of the command in their order, one given twice being read once.

    Raises:
        Misuse: the standard input is asked for twice.
    """
    if names.count(STDIN) > 1:
        raise Misuse("l'entrée standard (-) ne se lit qu'une fois.")
    return tuple(dict.fromkeys(names))


def folder(option: str, value: str) -> Path:
    """Existing folder named by an option.

    Raises:
        Misuse: it does not exist.
    """
    path = Path(value)
    if not path.is_dir():
        raise Misuse(f"{option} : ce dossier n'existe pas.")
    return path


def read(settings_file: str | None, mappings: str | None = None) -> Settings:
    """Settings of this run: file, environment, then the command line.

    Raises:
        SettingsError: they cannot be used.
        Misuse: the folder of mappings does not exist.
    """
    from adapter.settings import read_settings

    settings = read_settings(Path(settings_file) if settings_file else None)
    return replace(settings, mappings=folder("--mappings", mappings)) if mappings else settings
