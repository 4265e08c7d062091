"""Publications with their tables and schemas."""

import pytest

from tests.live.postgres.walk import Walk

BASE = """
CREATE TABLE t (id int PRIMARY KEY, a int, "B c" text);
CREATE TABLE u (id int PRIMARY KEY);
CREATE SCHEMA s;
CREATE TABLE s.v (id int PRIMARY KEY, d int);
CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9);
CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
"""


def test_publications(walk: Walk) -> None:
    walk(
        "CREATE PUBLICATION p1; COMMENT ON PUBLICATION p1 IS 'of nothing';",
        "CREATE PUBLICATION p1 WITH (publish = 'insert, delete');",
        "CREATE PUBLICATION p1 FOR ALL TABLES WITH (publish_via_partition_root = true);",
        "CREATE PUBLICATION p1 WITH (publish = ''); CREATE PUBLICATION \"P two\" FOR ALL TABLES;",
        base=BASE,
    )


def test_tables_of_publications(walk: Walk) -> None:
    walk(
        "CREATE PUBLICATION x FOR TABLE t, s.v;",
        "CREATE PUBLICATION x FOR TABLE t, u, p; CREATE PUBLICATION y FOR TABLE ONLY parent;",
        "CREATE PUBLICATION x FOR TABLE p WITH (publish_via_partition_root); CREATE PUBLICATION y FOR TABLE parent, child;",
        base=BASE,
    )


@pytest.mark.postgres(">=15")
def test_filters_columns_and_schemas(walk: Walk) -> None:
    walk(
        "CREATE PUBLICATION x FOR TABLE t WHERE (id > 1), TABLE u; CREATE PUBLICATION y FOR TABLES IN SCHEMA s;",
        'CREATE PUBLICATION x FOR TABLE t (id, "B c") WHERE (id > 2); CREATE PUBLICATION y FOR TABLES IN SCHEMA s, public;',
        "CREATE PUBLICATION x FOR TABLE t (id, a); CREATE PUBLICATION y FOR TABLE u, TABLES IN SCHEMA s;",
        "CREATE PUBLICATION x FOR TABLES IN SCHEMA s; CREATE PUBLICATION y FOR TABLE t (id);",
        "CREATE PUBLICATION x FOR TABLE t WITH (publish = 'insert'); CREATE PUBLICATION y;",
        base=BASE,
    )


@pytest.mark.postgres(">=15")
def test_a_published_column_is_retyped_or_goes(walk: Walk) -> None:
    published = "CREATE PUBLICATION x FOR TABLE t (id, a) WHERE (id > 1); CREATE PUBLICATION y FOR TABLE u;"
    first = walk.place(BASE + published)
    retyped = BASE + "ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE u ALTER id TYPE bigint;" + published
    walk.go(first, walk.place(retyped))
    without = "ALTER TABLE t DROP a; CREATE PUBLICATION x FOR TABLE t (id); CREATE PUBLICATION y FOR TABLE t;"
    walk.go(first, walk.place(BASE + without))


@pytest.mark.postgres(">=18")
def test_generated_columns(walk: Walk) -> None:
    walk(
        "CREATE PUBLICATION x FOR TABLE t WITH (publish_generated_columns = stored);",
        "CREATE PUBLICATION x FOR TABLE t;",
        base=BASE,
    )


def test_subscribers_are_thought_of(walk: Walk) -> None:
    live = walk.place(BASE + "CREATE PUBLICATION x FOR TABLE t, u;")
    taken = walk.go(live, walk.place(BASE + "CREATE PUBLICATION x FOR TABLE t;"))
    assert [(s.statement, [h.code for h in s.hazards]) for s in taken] == [
        ('ALTER PUBLICATION "x" DROP TABLE ONLY "public"."u"', ["BREAKS_CLIENTS"])
    ]
