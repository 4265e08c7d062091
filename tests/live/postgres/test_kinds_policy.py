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


ROW_SECURITY = cases("""
== states
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
--
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
--
ALTER TABLE t FORCE ROW LEVEL SECURITY;
--
== partition
CREATE TABLE p (a int) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p DEFAULT;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
--
CREATE TABLE p (a int) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p DEFAULT;
ALTER TABLE p1 ENABLE ROW LEVEL SECURITY;
== table_goes
CREATE TABLE u (a int);
ALTER TABLE u ENABLE ROW LEVEL SECURITY;
--
""")


def test_row_security(walk: Walk) -> None:
    walk.cases(ROW_SECURITY, base="CREATE TABLE t (a int);")


def test_policies_are_there_before_they_hold(walk: Walk) -> None:
    there = walk.place("CREATE TABLE t (a int);")
    wanted = walk.place(
        "CREATE TABLE t (a int, b int NOT NULL); CREATE INDEX ON t (a); CREATE POLICY p ON t USING (a = b);"
        "CREATE POLICY q ON t FOR SELECT USING (true); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
    )
    taken = [s.statement for s in walk.go(there, wanted)]
    on = next(i for i, s in enumerate(taken) if "ENABLE" in s)
    assert all(i < on for i, s in enumerate(taken) if s.startswith("CREATE POLICY"))
    back = [s.statement for s in walk.go(there, walk.place("CREATE TABLE t (a int);"))]
    off = next(i for i, s in enumerate(back) if "DISABLE" in s)
    assert all(i > off for i, s in enumerate(back) if s.startswith("DROP POLICY"))


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
