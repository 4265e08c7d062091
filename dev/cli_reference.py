"""docs/reference/cli.md, made from the command line's own grammar, so that the two cannot part."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from colonnade.cli.parser import EPILOG, VERBS, parser_for
from dev.paths import ROOT

PATH = ROOT / "docs" / "reference" / "cli.md"

HEAD = """\
<!-- Generated from the code by `make crds`: change that. -->
# The command line

`colonnade` brings a database to what files declare, with no cluster at all (`--url`), or works with the operator in a
cluster as you, with your kubeconfig and your rights. Installed as `kubectl-colonnade` it is the plugin
`kubectl colonnade`, with the same verbs; `--namespace`, `--context` and `--kubeconfig` may stand before the verb, too.

```
colonnade import --url postgresql://app@db.example/shop --output shop/
colonnade plan  -f schema.sql --url postgresql://app@db.example/shop --exit-code
colonnade apply -f schema.sql --url postgresql://app@db.example/shop
colonnade apply -f manifests/            # in the cluster: apply, and watch it become ready
```

With `--url` the files say everything: what is in the database and in none of them counts as dropped (`--schemas` narrows
that to some schemas), and nothing is dropped or run with a hazard without an approval. On a terminal you are asked;
elsewhere `--approve HASH` approves one plan, and `--yes` whatever the plan is, drops included. Dropped objects go to
quarantine first, unless `--drops drop` is said. What Colonnade keeps for itself in a database is in the schema `colonnade`.

`spec.policy` of the resources, and of their Datastore where it is among the files, makes all of this stricter and never
looser: under `mode: Observe` nothing is written, whatever is said. An option or a policy that does not count, for another
is stricter, is told.

A password is better kept in `PGPASSWORD` or `~/.pgpass` than in `--url`. It is shown nowhere.

Without `--url` the files are resources. `plan` and `diff` then show what the operator would do about them: the other
resources of the same Datastore count, and so do its policy and its Secret, read with your rights.
"""

JSON = """\
## JSON

`--output json` is stable: fields are added, and none is renamed or taken away while `format` is the same. Where the files
are for several Datastores, it is a list of such objects. Times are seconds.

`plan`, `apply` and `show`:

| field | what |
|---|---|
| `format` | 1 |
| `converged` | `true` where there is nothing to do; then `steps` is empty |
| `held` | why the plan may not run without more ado: `reason` and `message`; `null` where it may |
| `datastore` | the database: `host:port/name`, or the Datastore |
| `steps[]` | in order, each as below |
| `premise` | fingerprint of the database that the plan was made for |
| `warnings[]`, `resources[]` | what deserves a look; whose wish it is |
| `hash` | what an approval is bound to |
| `applied`, `timings` | `apply` only: whether steps ran, and how long each took, by id |
| `name`, `namespace`, `state` | `show` only: the MigrationPlan and how far it is |

| field of a step | what |
|---|---|
| `id`, `statement`, `subject` | its place (`s1` …), what is run, and on which object |
| `transactional` | whether it shares a transaction with its neighbours, or runs outside one |
| `batched` | the relation that it goes over in slices, if it does |
| `lock`, `blocks[]`, `estimate` | the strongest lock, the relations on which others wait for it, and for how long |
| `hazards[]` | `code`, `weight` (`destructive`, `blocking`, `careful`, `notice`), `message`, `safe_way` |
| `checks[]` | what must find nothing before any step runs: `query`, `count`, `problem`, `remedy` |
| `undo`, `undo_note` | the reverse statement, and how far it brings things back, or why there is none |

`diff` has `format`, `datastore`, `converged` and `changes[]`, each with `object`, `change` (`create`, `drop`, `alter`) and
its definition `there` and as `declared`, as lines. `drift` has `drifted` besides, which is `true` where the database was
brought to just these declarations before; without files it is a list of `namespace`, `kind`, `name`, `datastore`, `since`,
`count`, `objects[]` and `plan`. `status` is a list of `namespace`, `kind`, `name`, `datastore`, `ready`,
`drifted`, `stalled`, `reason`, `message`, `plan`, `warnings[]` and `created`; `plans` a list of MigrationPlans.
"""


def generated() -> dict[Path, str]:
    return {PATH: render()}


def render() -> str:
    parser = parser_for(*VERBS)
    parts = [HEAD, "## Verbs\n", "| verb | what it does |\n|---|---|"]
    parts[-1] += "".join(f"\n| [`{verb}`](#{verb}) | {sentence} |" for verb, sentence in VERBS.items()) + "\n"
    parts.append(f"```\n{EPILOG.strip()}\n```\n")
    parts += [section for verb in VERBS for section in _verb(verb, _parser_of(parser, verb))]
    return "\n".join([*parts, JSON])


def _parser_of(parser: argparse.ArgumentParser, verb: str) -> argparse.ArgumentParser:
    known = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    found: argparse.ArgumentParser = known.choices[verb]
    return found


def _verb(verb: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {verb}\n\n{parser.description}\n"
    if parser.epilog:
        yield f"{parser.epilog}\n"
    rows = [_row(action) for action in parser._actions if action.dest != "help"]  # noqa: SLF001
    if rows:
        yield "| option | what it does |\n|---|---|\n" + "\n".join(rows) + "\n"


def _row(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    names = ", ".join(action.option_strings) or str(action.metavar or action.dest.upper())
    spelled = f"{names} {value}" if action.option_strings and action.nargs != 0 else names
    return f"| `{_cell(spelled)}` | {_cell((action.help or '').replace('%%', '%'))} |"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
