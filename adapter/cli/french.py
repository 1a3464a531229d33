"""Click that speaks French and ends every fault with one sentence and an exit code."""

from __future__ import annotations

import difflib
import errno
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from adapter.errors import AdapterError, FindingsError

OK = 0
FINDINGS = 1
USAGE = 2
INTERRUPTED = 130


if TYPE_CHECKING:
    _Choice = click.ParamType[Any]
else:
    _Choice = click.ParamType  # not generic before click 8.5


class Misuse(click.UsageError):
    """A command line that cannot be obeyed, said in French."""


class _ReaderLeft(Exception):
    """Whoever read our standard output has gone."""


class OneOf(_Choice):
    """One value of a list, refused in French."""

    name = "valeur"

    def __init__(self, *values: str) -> None:
        self.values = values

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.values:
            return str(value)
        return self.fail(f"valeurs admises : {', '.join(self.values)}.", param, ctx)


class SomeOf(OneOf):
    """Values of a list, joined by commas; an alias stands for several. Gives them in the order of the list."""

    def __init__(self, *values: str, aliases: dict[str, tuple[str, ...]]) -> None:
        super().__init__(*values)
        self.aliases = aliases

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        asked: set[str] = set()
        for name in str(value).split(","):
            names = self.aliases.get(name.strip(), (name.strip(),))
            if not set(names) <= set(self.values):
                self.fail(f"valeurs admises, séparées par des virgules : {', '.join((*self.values, *self.aliases))}.")
            asked.update(names)
        return tuple(name for name in self.values if name in asked)


class FrenchCommand(click.Command):
    """A command whose help is in French."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), "Utilisation : ")

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "Affiche cette aide et s'arrête."
        return option


class FrenchGroup(FrenchCommand, click.Group):
    """A group of commands, which ends every fault below it: one French sentence, one exit code, no traceback."""

    command_class = FrenchCommand

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("subcommand_metavar", "COMMANDE [ARGUMENTS]...")
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(map(len, self.list_commands(ctx)))
        with formatter.section("Commandes"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(width))
                    for name in self.list_commands(ctx)
                    if (command := self.get_command(ctx, name)) is not None
                ]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            raise Misuse(f"Commande inconnue : {args[0]}.{nearest(args[0], self.list_commands(ctx))}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderLeft from None  # click would end with 1, which says « findings » here

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]  # one way out: the process ends here
        """Run the command line and end the process with its exit code."""
        _open_closed_streams()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _terminate)
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a console of another age must not end in a traceback
        extra.pop("standalone_mode", None)
        try:
            code = super().main(args, prog_name or "dmp-adapter", standalone_mode=False, **extra)
            try:
                sys.stdout.flush()
            except BrokenPipeError:
                raise _ReaderLeft from None
        except click.exceptions.Abort:
            _end(INTERRUPTED, "Interrompu.")
        except click.ClickException as fault:
            _end(USAGE, _told(fault))
        except _ReaderLeft:
            _silence()
            _end(USAGE, "")
        except OSError as fault:
            _silence()
            _end(USAGE, f"Erreur : {told_os(fault)}")
        except FindingsError as fault:
            told = [f"Erreur : {f.path} : {f.message} [{f.rule}]" for f in fault.findings]
            _end(USAGE, "\n".join(told))
        except AdapterError as fault:
            _end(USAGE, f"Erreur : {fault}")
        except MemoryError:
            _end(USAGE, "Erreur : mémoire insuffisante.")
        sys.exit(code if isinstance(code, int) else OK)


def nearest(given: str, known: Sequence[str]) -> str:
    """`` Vouliez-vous dire …`` with the names that look like `given`, or nothing."""
    close = difflib.get_close_matches(given, known, n=3, cutoff=0.5)
    return f" Vouliez-vous dire : {', '.join(close)} ?" if close else ""


def told_os(fault: OSError) -> str:
    """French sentence for what the system refused; the file is named as the caller named it."""
    name = f"{shown(os.fsdecode(fault.filename))} : " if isinstance(fault.filename, (str, bytes)) else ""
    reason = next((text for kind, text in _REASONS if isinstance(fault, kind)), None)
    return name + (reason or _ERRNO.get(fault.errno or 0) or f"le système refuse (erreur {fault.errno}).")


def shown(name: str) -> str:
    """`name` of a file without the control characters that would drive a terminal or forge a line of a log."""
    return "".join("\ufffd" if unicodedata.category(character) == "Cc" else character for character in name)


_REASONS: tuple[tuple[type[OSError], str], ...] = (
    (FileNotFoundError, "fichier ou dossier introuvable."),
    (IsADirectoryError, "c'est un dossier, un fichier est attendu."),
    (NotADirectoryError, "c'est un fichier, un dossier est attendu."),
    (PermissionError, "accès refusé."),
    (FileExistsError, "ce nom est déjà pris par un fichier."),
)
_ERRNO = {
    errno.EBADF: "ce flux est fermé.",
    errno.ENOSPC: "plus de place sur le disque.",
    errno.EROFS: "le disque est en lecture seule.",
    errno.ENAMETOOLONG: "nom trop long.",
}


def _told(fault: click.ClickException) -> str:
    """Usage fault in French, with the way to the help."""
    match fault:
        case Misuse():
            text = fault.message
        case click.NoSuchOption():
            known = [name for p in (fault.ctx.command.params if fault.ctx else []) for name in p.opts]
            text = f"Option inconnue : {fault.option_name}.{nearest(fault.option_name, known)}"
        case click.BadOptionUsage():
            text = f"L'option {fault.option_name} est mal employée : valeur absente ou en trop."
        case click.MissingParameter():
            text = f"Il manque : {_parameter(fault)}."
        case click.BadParameter():
            text = f"{_parameter(fault)} : {fault.message}"
        case _:
            text = "La ligne de commande n'est pas comprise : argument en trop ou absent."
    context = getattr(fault, "ctx", None)
    path = context.command_path if context is not None else "dmp-adapter"
    return f"Erreur : {text}\nAide : {path} --help"


def _parameter(fault: click.BadParameter) -> str:
    param = fault.param
    if param is None:
        return "paramètre"
    return param.make_metavar(fault.ctx) if isinstance(param, click.Argument) and fault.ctx else "/".join(param.opts)


def _silence() -> None:
    """Nothing more goes to a standard output that refuses it, not even when the process ends."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):  # a stream without descriptor, as in tests
        pass


def _open_closed_streams() -> None:
    """Give the process the output streams that its caller closed; what is said there is lost, as the caller wished."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends


def refuse_closed_output() -> None:
    """Nothing; refuses to print a document nowhere.

    Raises:
        OSError: the caller closed our standard output.
    """
    if getattr(sys.stdout, "name", None) == os.devnull:
        raise OSError(errno.EBADF, "", "sortie standard")


def _terminate(number: int, frame: object) -> NoReturn:
    """Leave by the usual way when the system asks (SIGTERM): no half-written file stays behind."""
    sys.exit(128 + number)


def _end(code: int, message: str) -> NoReturn:
    if message:
        click.echo(message, err=True)
    sys.exit(code)
