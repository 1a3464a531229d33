"""Passwords of keys and codes of cards, asked where nothing tells them; certificates looked at before any call."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from adapter.cli.french import Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.api.sending import DmpServer
    from adapter.dmp.xds.certificates import Use
    from adapter.model.destination import KeySource

_ASKED = {"signature": "la clé de signature", "tls": "la clé d'authentification"}


def secret(source: KeySource, use: Use) -> str | None:
    """The password of a key or the code of a card: from its environment variable, else typed by whoever is there.

    Raises:
        Misuse: the variable is empty and nobody can be asked.
    """
    told = os.environ.get(source.password_env, "") if source.password_env else ""
    if told:
        return told
    if sys.stdin.isatty() and sys.stderr.isatty():
        what = "Code de la carte" if source.module is not None else f"Mot de passe de {_ASKED[use]}"
        return str(click.prompt(what, hide_input=True, default="", show_default=False, err=True)) or None
    if source.password_env:
        raise Misuse(f"la variable {source.password_env}, qui doit ouvrir {_ASKED[use]}, est vide.")
    return None


def ready(servers: Sequence[DmpServer], *, strict: bool = True) -> None:
    """Nothing, once the keys of these DMP are opened and their certificates can serve; what will soon not is told.

    Args:
        strict: False tells a key that cannot serve and goes on, for a program that does more than deposits.
    Raises:
        Misuse: a key cannot be opened, or its certificate cannot serve.
    """
    from adapter.dmp.xds.certificates import KeyUnusable

    for one in servers:
        if one.wire != "xds" and not one.client.told:
            continue
        try:
            found = one.check()
        except KeyUnusable as fault:
            if strict:
                raise Misuse(f"DMP « {one.name} » : {fault.message}") from None
            click.echo(f"Attention : DMP « {one.name} » : {fault.message} Ses dépôts attendent.", err=True)
            continue
        for warning in found:
            click.echo(f"Attention : {warning.path} : {warning.message} [{warning.rule}]", err=True)
