"""Changes to what computes: sequences, views, rules, functions, triggers, policies."""

from typing import LiteralString

from tests.live.catalog_changes.change import FUNCTION, NOTHING, Change, T

PARTITIONED: LiteralString = (
    "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p FOR VALUES IN (1); "
)

SEQUENCES: dict[str, Change] = {
    "sequence": Change("", "CREATE SEQUENCE s", "DROP SEQUENCE s", "sequence public.s"),
    "increment": Change(
        "CREATE SEQUENCE s", "ALTER SEQUENCE s INCREMENT 2", "ALTER SEQUENCE s INCREMENT 1", "sequence public.s"
    ),
    "bound": Change(
        "CREATE SEQUENCE s", "ALTER SEQUENCE s MAXVALUE 9", "ALTER SEQUENCE s NO MAXVALUE", "sequence public.s"
    ),
    "cycle": Change("CREATE SEQUENCE s", "ALTER SEQUENCE s CYCLE", "ALTER SEQUENCE s NO CYCLE", "sequence public.s"),
    "cache": Change("CREATE SEQUENCE s", "ALTER SEQUENCE s CACHE 9", "ALTER SEQUENCE s CACHE 1", "sequence public.s"),
    "start": Change("CREATE SEQUENCE s", "ALTER SEQUENCE s START 9", "ALTER SEQUENCE s START 1", "sequence public.s"),
    "sequence type": Change(
        "CREATE SEQUENCE s", "ALTER SEQUENCE s AS int", "ALTER SEQUENCE s AS bigint", "sequence public.s"
    ),
    "sequence's owner": Change(
        T + "CREATE SEQUENCE s", "ALTER SEQUENCE s OWNED BY t.a", "ALTER SEQUENCE s OWNED BY NONE", "sequence public.s"
    ),
}

VIEWS: dict[str, Change] = {
    "view": Change(
        T + "CREATE VIEW v AS SELECT a FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 0",
        "CREATE OR REPLACE VIEW v AS SELECT a FROM t",
        "view public.v",
    ),
    "view option": Change(
        T + "CREATE VIEW v AS SELECT a FROM t",
        "ALTER VIEW v SET (security_barrier)",
        "ALTER VIEW v RESET (security_barrier)",
        "view public.v",
    ),
    "default of a view": Change(
        T + "CREATE VIEW v AS SELECT a FROM t",
        "ALTER VIEW v ALTER a SET DEFAULT 1",
        "ALTER VIEW v ALTER a DROP DEFAULT",
        "default value for public.v.a",
    ),
    "materialized view": Change(
        T + "CREATE MATERIALIZED VIEW v AS SELECT a FROM t",
        "DROP MATERIALIZED VIEW v; CREATE MATERIALIZED VIEW v AS SELECT a + 1 AS a FROM t",
        "DROP MATERIALIZED VIEW v; CREATE MATERIALIZED VIEW v AS SELECT a FROM t",
        "materialized view public.v",
    ),
    "rule": Change(T, "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "DROP RULE r ON t", "rule r on public.t"),
    "rule's condition": Change(
        T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "CREATE OR REPLACE RULE r AS ON DELETE TO t WHERE OLD.a > 0 DO INSTEAD NOTHING",
        "CREATE OR REPLACE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "rule r on public.t",
    ),
    "disabled rule": Change(
        T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "ALTER TABLE t DISABLE RULE r",
        "ALTER TABLE t ENABLE RULE r",
        "rule r on public.t",
    ),
}

ROUTINES: dict[str, Change] = {
    "function": Change("", FUNCTION, "DROP FUNCTION f(int)", "function public.f(integer)"),
    "function's body": Change(
        FUNCTION,
        "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1'",
        "CREATE OR REPLACE " + FUNCTION.removeprefix("CREATE "),
        "function public.f(integer)",
    ),
    "parsed body": Change(
        "CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql RETURN x + 1",
        "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql RETURN x + 2",
        "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql RETURN x + 1",
        "function public.f(integer)",
    ),
    "default argument": Change(
        "CREATE FUNCTION f(x int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT x'",
        "CREATE OR REPLACE FUNCTION f(x int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT x'",
        "CREATE OR REPLACE FUNCTION f(x int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT x'",
        "function public.f(integer)",
    ),
    "argument's name": Change(
        "CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT $1'",
        "DROP FUNCTION f(int); CREATE FUNCTION f(y int) RETURNS int LANGUAGE sql AS 'SELECT $1'",
        "DROP FUNCTION f(int); CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT $1'",
        "function public.f(integer)",
    ),
    "volatility": Change(
        FUNCTION, "ALTER FUNCTION f(int) IMMUTABLE", "ALTER FUNCTION f(int) VOLATILE", "function public.f(integer)"
    ),
    "strict": Change(
        FUNCTION,
        "ALTER FUNCTION f(int) STRICT",
        "ALTER FUNCTION f(int) CALLED ON NULL INPUT",
        "function public.f(integer)",
    ),
    "security definer": Change(
        FUNCTION,
        "ALTER FUNCTION f(int) SECURITY DEFINER",
        "ALTER FUNCTION f(int) SECURITY INVOKER",
        "function public.f(integer)",
    ),
    "cost": Change(
        FUNCTION, "ALTER FUNCTION f(int) COST 7", "ALTER FUNCTION f(int) COST 100", "function public.f(integer)"
    ),
    "parallel": Change(
        FUNCTION,
        "ALTER FUNCTION f(int) PARALLEL SAFE",
        "ALTER FUNCTION f(int) PARALLEL UNSAFE",
        "function public.f(integer)",
    ),
    "setting of a function": Change(
        FUNCTION,
        "ALTER FUNCTION f(int) SET search_path = ''",
        "ALTER FUNCTION f(int) RESET search_path",
        "function public.f(integer)",
    ),
    "privilege on a function": Change(
        FUNCTION,
        "REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION f(int) TO PUBLIC",
        "function public.f(integer)",
    ),
    "procedure": Change("", "CREATE PROCEDURE f() LANGUAGE sql AS ''", "DROP PROCEDURE f()", "procedure public.f()"),
    "aggregate": Change(
        "CREATE AGGREGATE f(int) (SFUNC = int4pl, STYPE = int)",
        "CREATE OR REPLACE AGGREGATE f(int) (SFUNC = int4pl, STYPE = int, INITCOND = '1')",
        "CREATE OR REPLACE AGGREGATE f(int) (SFUNC = int4pl, STYPE = int)",
        "aggregate public.f(integer)",
    ),
    "trigger": Change(
        T + NOTHING,
        "CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION g()",
        "DROP TRIGGER x ON t",
        "trigger x on public.t",
    ),
    "disabled trigger": Change(
        T + NOTHING + "CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION g()",
        "ALTER TABLE t DISABLE TRIGGER x",
        "ALTER TABLE t ENABLE TRIGGER x",
        "trigger x on public.t",
    ),
    "trigger's condition": Change(
        T + NOTHING + "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION g()",
        "CREATE OR REPLACE TRIGGER x BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION g()",
        "CREATE OR REPLACE TRIGGER x BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION g()",
        "trigger x on public.t",
    ),
    "trigger's columns": Change(
        T + NOTHING + "CREATE TRIGGER x BEFORE UPDATE OF a ON t EXECUTE FUNCTION g()",
        "CREATE OR REPLACE TRIGGER x BEFORE UPDATE OF b ON t EXECUTE FUNCTION g()",
        "CREATE OR REPLACE TRIGGER x BEFORE UPDATE OF a ON t EXECUTE FUNCTION g()",
        "trigger x on public.t",
    ),
    "trigger's argument": Change(
        T + NOTHING + "CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION g('1')",
        "CREATE OR REPLACE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION g('2')",
        "CREATE OR REPLACE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION g('1')",
        "trigger x on public.t",
    ),
    "transition table": Change(
        T + NOTHING + "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION g()",
        "CREATE OR REPLACE TRIGGER x AFTER INSERT ON t REFERENCING NEW TABLE AS n EXECUTE FUNCTION g()",
        "CREATE OR REPLACE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION g()",
        "trigger x on public.t",
    ),
    "trigger disabled on one partition": Change(
        PARTITIONED + NOTHING + "CREATE TRIGGER x BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION g()",
        "ALTER TABLE q DISABLE TRIGGER x",
        "ALTER TABLE q ENABLE TRIGGER x",
        "trigger x on public.q",
    ),
    "event trigger": Change(
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER x ON sql_drop EXECUTE FUNCTION e()",
        "ALTER EVENT TRIGGER x DISABLE",
        "ALTER EVENT TRIGGER x ENABLE",
        "event trigger x",
    ),
    "policy": Change(T, "CREATE POLICY x ON t USING (a > 0)", "DROP POLICY x ON t", "policy x on public.t"),
    "policy's expression": Change(
        T + "CREATE POLICY x ON t USING (a > 0)",
        "ALTER POLICY x ON t USING (a > 1)",
        "ALTER POLICY x ON t USING (a > 0)",
        "policy x on public.t",
    ),
    "policy's roles": Change(
        T + "CREATE POLICY x ON t USING (a > 0)",
        "ALTER POLICY x ON t TO pg_monitor",
        "ALTER POLICY x ON t TO PUBLIC",
        "policy x on public.t",
    ),
    "language": Change("", "CREATE LANGUAGE l HANDLER plpgsql_call_handler", "DROP LANGUAGE l", "language l"),
}

CHANGES: dict[str, Change] = SEQUENCES | VIEWS | ROUTINES
