"""Policies."""

from collections.abc import Callable
from urllib.parse import urlsplit

from tests.live.postgres.walk import Walk, cases

TABLE = """
CREATE TABLE t (id int PRIMARY KEY, owner name, "My Col" text);
CREATE FUNCTION allowed(text) RETURNS bool LANGUAGE sql STABLE AS 'SELECT true';
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
"""
CASES = cases("""
== expression
CREATE POLICY p ON t USING (true);
--
CREATE POLICY p ON t USING (owner = current_user);
== command
CREATE POLICY p ON t FOR SELECT USING (id > 1);
--
CREATE POLICY p ON t FOR UPDATE USING (id > 1);
== restrictive
CREATE POLICY p ON t USING (true);
--
CREATE POLICY p ON t AS RESTRICTIVE USING (true);
== check_comes_using_goes
CREATE POLICY p ON t USING (true);
--
CREATE POLICY p ON t USING (true) WITH CHECK (id > 0);
--
CREATE POLICY p ON t WITH CHECK (id > 1);
== insert_delete
CREATE POLICY p ON t FOR INSERT WITH CHECK (id > 1);
--
CREATE POLICY p ON t FOR DELETE USING (id = 2);
== quoted_names
CREATE POLICY "P q" ON t USING ("My Col" = 'x');
--
CREATE POLICY "P q" ON t USING (allowed("My Col"));
== retyped_column
CREATE POLICY p ON t USING (id = 1);
--
ALTER TABLE t ALTER id TYPE bigint;
CREATE POLICY p ON t USING (id = 1);
== function_goes
CREATE POLICY p ON t USING (allowed('x'));
--
DROP FUNCTION allowed;
CREATE POLICY p ON t USING (true);
== other_table
CREATE POLICY p ON t USING (EXISTS (SELECT FROM t x WHERE x.id = t.id));
--
CREATE TABLE u (id int);
CREATE POLICY p ON t USING (EXISTS (SELECT FROM u WHERE u.id = t.id));
== more_and_fewer
CREATE POLICY p ON t USING (true);
CREATE POLICY q ON t FOR SELECT USING (true);
--
CREATE POLICY q ON t FOR SELECT USING (false);
== partitioned
CREATE TABLE m (id int) PARTITION BY LIST (id);
CREATE TABLE m1 PARTITION OF m DEFAULT;CREATE POLICY p ON m USING (id = 1);
--
CREATE TABLE m (id int) PARTITION BY LIST (id);
CREATE TABLE m1 PARTITION OF m DEFAULT;CREATE POLICY p ON m1 USING (id = 1);
== table_goes
CREATE POLICY p ON t USING (true);
--
DROP TABLE t;
""")


def test_a_policy_follows_its_declaration(walk: Walk) -> None:
    walk.cases(CASES, base=TABLE)


def test_roles_change_in_place(walk: Walk, make_role: Callable[..., str], postgres_url: str) -> None:
    one, other = (f'"{urlsplit(make_role(postgres_url)).username}"' for _ in range(2))
    walk(
        f"CREATE POLICY p ON t TO {one} USING (true);",
        f"CREATE POLICY p ON t TO {other}, {one} USING (true);",
        "CREATE POLICY p ON t TO PUBLIC USING (true);",
        base=TABLE,
    )
    altered = [s.statement for s in walk.steps if s.statement.startswith("ALTER POLICY")]
    assert len(altered) == 4


def test_only_a_table_in_use_makes_it_a_matter_of_access(walk: Walk) -> None:
    there = walk.place(TABLE + "CREATE POLICY p ON t USING (true);")
    made = walk.go(walk.place(), there)
    assert not [h for s in made for h in s.hazards]
    changed = walk.go(there, walk.place(TABLE + "CREATE POLICY p ON t USING (id = 1);"))
    assert [h.code for s in changed for h in s.hazards] == ["CHANGES_ACCESS"]
