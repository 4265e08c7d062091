"""What is applied of a file is what `psql -f` makes of it, to the last carriage return."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fixtures.cli import Cli

Psql = Callable[[str, str], str]

SQL = """\
-- made elsewhere
CREATE TABLE public.t (
  a text DEFAULT 'one
two',
  CHECK (a <> E'three\\r
four')
);
COMMENT ON TABLE public.t IS 'five
six';
CREATE FUNCTION public.f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN -- seven
  RETURN 'eight
nine';
END
$$;
"""
WHAT = """
SELECT encode(convert_to(prosrc, 'UTF8'), 'hex') FROM pg_proc WHERE proname = 'f';
SELECT encode(convert_to(pg_get_expr(adbin, adrelid), 'UTF8'), 'hex') FROM pg_attrdef WHERE adrelid = 'public.t'::regclass;
SELECT encode(convert_to(pg_get_constraintdef(oid), 'UTF8'), 'hex') FROM pg_constraint WHERE conrelid = 'public.t'::regclass;
SELECT encode(convert_to(obj_description('public.t'::regclass), 'UTF8'), 'hex');
"""


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_the_ends_of_lines_arrive_as_psql_sends_them(
    end: str, cli: Cli, postgres_url: str, make_postgres: Callable[[], str], psql: Psql
) -> None:
    file, other = cli.write("t.sql", SQL.replace("\n", end)), make_postgres()
    psql(other, f"\\i {cli.folder / file}")
    assert cli("plan", "-f", file, "--url", other, "--exit-code").code == 0
    assert cli("apply", "-f", file, "--url", postgres_url).code == 0
    assert psql(postgres_url, WHAT) == psql(other, WHAT)
    assert cli("plan", "-f", file, "--url", postgres_url, "--exit-code").code == 0


def test_lines_are_counted_whatever_ends_them(cli: Cli, postgres_url: str) -> None:
    file = cli.write("t.sql", SQL.replace("\n", "\r\n") + "CREATE TABEL u ();\r\n")
    assert "t.sql, line 16, column 8" in cli("plan", "-f", file, "--url", postgres_url).err
