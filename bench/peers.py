"""Other tools that bring a database to a declared schema, at pinned versions, each with the flags that suit it best.

They are built from Go modules, once per user, as `other-tools/go.sum` has them; a C compiler is needed, for two of them carry Postgres' parser. Their licences do not
matter here: nothing of them comes with Colonnade.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dev import golang

MODULE = Path(__file__).parent / "other-tools"


@dataclass(frozen=True)
class Tool:
    """How a plan is made, and carried out: of the database at {url} ({host}, {port}, {user}, {password}, {name}) to the SQL in {sql},
    alone in {folder}.

    {scratch} names an empty database. What it prints where nothing is to be done holds `nothing`.
    """

    name: str
    planning: str
    applying: str
    nothing: str
    package: str = ""

    def program(self) -> str:
        """Colonnade's own, or what is built of the package."""
        if not self.package:
            return str(Path(sys.executable).parent / self.name)
        return str(golang.program(MODULE, self.package))

    def plan(self, url: str, scratch: str, sql: Path) -> list[str]:
        """The command line that makes a plan."""
        return self._line(self.planning, url, scratch, sql)

    def change(self, url: str, scratch: str, sql: Path) -> list[str]:
        """The command line that carries it out."""
        return self._line(self.applying, url, scratch, sql)

    def _line(self, command: str, url: str, scratch: str, sql: Path) -> list[str]:
        at = urlsplit(url)
        given = {
            "url": url, "host": str(at.hostname), "port": str(at.port), "user": str(at.username), "name": at.path[1:],
            "scratch": scratch, "sql": str(sql), "folder": str(sql.parent),
        }  # fmt: skip
        return [self.program(), *(part.format(**given) for part in shlex.split(command))]


def password(url: str) -> Mapping[str, str]:
    """The environment that libpq and its likes take a password from."""
    return {"PGPASSWORD": str(urlsplit(url).password or ""), "PGSSLMODE": "disable"}


_PGSCHEMA = "--plan-host {host} --plan-port {port} --plan-user {user} --plan-db {scratch}"
COLONNADE = Tool(
    "colonnade",
    "plan -f {sql} --url {url} --exit-code",
    "apply -f {sql} --url {url} --yes --drops drop",
    "No changes",
)
_HAZARDS = (
    "ACQUIRES_ACCESS_EXCLUSIVE_LOCK,ACQUIRES_SHARE_LOCK,ACQUIRES_SHARE_ROW_EXCLUSIVE_LOCK,CORRECTNESS,DELETES_DATA,"
    "HAS_UNTRACKABLE_DEPENDENCIES,INDEX_BUILD,INDEX_DROPPED,IMPACTS_DATABASE_PERFORMANCE"
)
PEERS = (
    Tool(
        "pg-schema-diff",
        "plan --from-dsn {url} --to-dir {folder}",
        "apply --from-dsn {url} --to-dir {folder} --skip-confirm-prompt --statement-timeout-modifier 'pattern=\".*\" timeout=30m' "
        f"--allow-hazards {_HAZARDS}",
        "Schema matches expected",
        "github.com/stripe/pg-schema-diff/cmd/pg-schema-diff",
    ),
    Tool(
        "pgschema",
        "plan --host {host} --port {port} --user {user} --db {name} --schema public --file {sql} --no-color --output-human stdout "
        + _PGSCHEMA,
        "apply --host {host} --port {port} --user {user} --db {name} --schema public --file {sql} --auto-approve --no-color "
        + _PGSCHEMA,
        "No changes detected",
        "github.com/pgplex/pgschema",
    ),
    Tool(
        "psqldef",
        "-U {user} -h {host} -p {port} {name} --dry-run --enable-drop -f {sql}",
        "-U {user} -h {host} -p {port} {name} --apply --enable-drop --config-inline 'create_index_concurrently: true' -f {sql}",
        "Nothing is modified",
        "github.com/sqldef/sqldef/v3/cmd/psqldef",
    ),
)
