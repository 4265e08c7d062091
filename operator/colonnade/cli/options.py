"""Options that several verbs share, each said once."""

from __future__ import annotations

import argparse
import re

from colonnade.core.gate import Drops, Policy

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIMES = {"max_blocking": "max_blocking", "lock_timeout": "lock_timeout", "lock_retry_budget": "lock_retry"}
_DROPS: dict[str, Drops] = {"refuse": "Refuse", "quarantine": "Quarantine", "drop": "Drop"}
_WHEN = ("auto", "always", "never")
_COLOURS = "colours: on a terminal, unless NO_COLOR is set [auto]"


def seconds(text: str) -> float:
    """A duration such as 500ms, 2s, 10m or 1h30m."""
    if not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 500ms, 2s, 10m or 1h")
    return sum(float(number) * _UNITS[unit] for number, _, unit in re.findall(r"(\d+(\.\d+)?)(ms|s|m|h)", text))


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def files(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """What is declared."""
    group = parser.add_argument_group("what is declared")
    group.add_argument(
        "-f",
        "--file",
        dest="files",
        metavar="FILE|DIR|-",
        action="append",
        required=required,
        help="SQL or resources in YAML; a folder stands for all .sql, .yaml, .yml and .json files in it and below, - for standard input; may be repeated",
    )


def database(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Where the database is."""
    group = parser.add_argument_group("the database")
    group.add_argument(
        "--url",
        required=required,
        help="postgresql://user@host:port/database or mongodb://…, with no cluster; a password is better kept in PGPASSWORD or "
        "~/.pgpass than here, where other users of the machine can see it",
    )
    group.add_argument(
        "--shadow",
        metavar="URL",
        help="another Postgres server of the same version for scratch databases [the same server]",
    )


_DROPPED = "with --url: only what is in these Postgres schemas counts as dropped where it is not declared [all schemas]"


def schemas(parser: argparse.ArgumentParser, told: str = _DROPPED) -> None:
    """How much of the database the command is about."""
    parser.add_argument(
        "--schemas",
        type=names,
        metavar="A,B",
        default=(),
        help=told,
    )


def policy(parser: argparse.ArgumentParser) -> None:
    """What may be done to the database."""
    group = parser.add_argument_group(
        "what may be done (with --url, where spec.policy of a resource may be stricter; in a cluster the resources alone say it)"
    )
    group.add_argument(
        "--drops",
        choices=_DROPS,
        help="what happens to objects that are there and not declared: refuse, keep them in quarantine for a while, or drop them at "
        "once [quarantine]",
    )
    group.add_argument(
        "--max-blocking",
        type=seconds,
        metavar="TIME",
        help="predicted wait of others above which a step is a hazard [1s]",
    )
    group.add_argument(
        "--lock-timeout", type=seconds, metavar="TIME", help="how long one try for a lock may wait [500ms]"
    )
    group.add_argument("--lock-retry", type=seconds, metavar="TIME", help="how long locks are tried for in all [10m]")


def policy_of(args: argparse.Namespace) -> Policy:
    """The policy that the options say; a person is there, so what was changed by hand is put back, too."""
    times = {field: value for field, option in _TIMES.items() if (value := getattr(args, option)) is not None}
    return Policy(drops=_DROPS[args.drops or "quarantine"], drift="Correct", **times)


def policy_said(args: argparse.Namespace) -> dict[str, str]:
    """The options of these that were given, by the field that they are about."""
    return {
        field: f"--{option.replace('_', '-')}"
        for field, option in {"drops": "drops", **_TIMES}.items()
        if getattr(args, option) is not None
    }


def for_urls(args: argparse.Namespace) -> list[str]:
    """The options given that mean nothing without --url."""
    given = [option for option in ("schemas", "shadow", "drops", *_TIMES.values()) if getattr(args, option)]
    return [f"--{option.replace('_', '-')}" for option in given]


def output(parser: argparse.ArgumentParser, *forms: str) -> None:
    """How results are shown."""
    group = parser.add_argument_group("output")
    group.add_argument("-o", "--output", choices=forms, default=forms[0], help=f"form of what is printed [{forms[0]}]")
    group.add_argument("--color", choices=_WHEN, default=_WHEN[0], help=_COLOURS)
    progress(parser)


def progress(parser: argparse.ArgumentParser) -> None:
    """How one is told of what takes long."""
    parser.add_argument(
        "--progress",
        choices=("auto", "plain", "none"),
        default="auto",
        help="on standard error: a bar, a line for what takes long, nothing [auto]",
    )


def colour(parser: argparse.ArgumentParser) -> None:
    """How text is shown, where there is no other form."""
    parser.add_argument_group("output").add_argument("--color", choices=_WHEN, default=_WHEN[0], help=_COLOURS)


def reverse(parser: argparse.ArgumentParser) -> None:
    """The way back."""
    parser.add_argument(
        "--reverse", action="store_true", help="with --output sql: only the script that takes the plan back"
    )


def own(words: str) -> str:
    """A command of ours, as the person called this one."""
    from colonnade.cli.parser import program

    return f"{program()} {words}"
