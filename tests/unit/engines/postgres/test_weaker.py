"""Which guards are at least as strict as what they take the place of."""

from types import SimpleNamespace

import pytest

from colonnade.engines.postgres.told.implied import implies, without_casts, without_text_casts
from colonnade.engines.postgres.told.weaker import whys


def index(definition: str, *, unique: bool = True, valid: bool = True) -> SimpleNamespace:
    return SimpleNamespace(definition=definition, unique=unique, valid=valid)


def key(index: str, *, deferrable: bool = False, said: str = "") -> SimpleNamespace:
    return SimpleNamespace(index=index, definition=said, deferrable=deferrable)


def foreign(tail: str = "", columns: str = "a", target: str = "public.p") -> SimpleNamespace:
    refers = tuple(f"to_{c}" for c in columns)
    definition = f"FOREIGN KEY ({', '.join(columns)}) REFERENCES {target}({', '.join(refers)}){tail}"
    there = tuple(target.split("."))
    return SimpleNamespace(definition=definition, columns=tuple(columns), target_columns=refers, target=there)


def trigger(events: str, tail: str = "", enabled: str = "O") -> SimpleNamespace:
    head = f"CREATE TRIGGER t BEFORE {events} ON public.t FOR EACH ROW {tail}"
    return SimpleNamespace(definition=f"{head}EXECUTE FUNCTION public.f('a ON b')", enabled=enabled)


A, B, AB = "USING btree (a)", "USING btree (b)", "USING btree (a, b)"

WEAKER = {
    "more columns": ("unique", key(A), key(AB), "about (a, b), no longer about (a)"),
    "other columns": ("primary key", key(A), key(B), "about (b), no longer about (a)"),
    "another collation": ("index", index(A), index('USING btree (a COLLATE "C")'), "no longer about (a)"),
    "some rows": ("index", index(A), index(f"{A} WHERE (b > 0)"), "only about rows where b > 0"),
    "other rows": ("index", index(f"{A} WHERE (b < 0)"), index(f"{A} WHERE (b > 0)"), "only about rows where b > 0"),
    "not unique": ("index", index(A), index(A, unique=False), "no longer unique"),
    "nulls": ("unique", key(f"{A} NULLS NOT DISTINCT"), key(A), "without a value"),
    "deferrable": ("unique", key(A), key(A, deferrable=True), "ON CONFLICT no longer takes it"),
    "overlaps": ("unique", key(AB, said="UNIQUE (a, b WITHOUT OVERLAPS)"), key(AB, said="UNIQUE (a, b)"), "no longer"),
    "exclusion": (
        "exclusion",
        key("", said="EXCLUDE USING gist (a WITH &&) DEFERRABLE INITIALLY DEFERRED", deferrable=True),
        key("", said="EXCLUDE USING gist (a WITH &&) WHERE ((b > 0)) DEFERRABLE INITIALLY DEFERRED", deferrable=True),
        "only about rows where b > 0",
    ),
    "exclusion of more": (
        "exclusion",
        key("", said="EXCLUDE USING gist (a WITH &&)"),
        key("", said="EXCLUDE USING gist (a WITH &&, b WITH =)"),
        "no longer about (a WITH &&)",
    ),
    "refers elsewhere": ("foreign key", foreign(), foreign(target="public.q"), "refers to something else"),
    "cascades": ("foreign key", foreign(), foreign(" ON DELETE CASCADE"), "DELETE in public.p deletes the rows"),
    "sets null": ("foreign key", foreign(" ON DELETE RESTRICT"), foreign(" ON DELETE SET NULL"), "does SET NULL in"),
    "follows": ("foreign key", foreign(), foreign(" ON UPDATE CASCADE"), "UPDATE in public.p changes the rows"),
    "not full": ("foreign key", foreign(" MATCH FULL", "ab"), foreign("", "ab"), "some of its columns"),
    "key not enforced": ("foreign key", foreign(), foreign(" NOT ENFORCED"), "NOT ENFORCED"),
    "fires less": ("trigger", trigger("INSERT OR UPDATE"), trigger("INSERT"), "no longer fires on UPDATE"),
    "fires for columns": ("trigger", trigger("UPDATE"), trigger("UPDATE OF a"), "no longer fires on UPDATE"),
    "fires for fewer": ("trigger", trigger("UPDATE OF a, b"), trigger("UPDATE OF a"), "no longer fires on UPDATE OF b"),
    "fires sometimes": ("trigger", trigger("UPDATE"), trigger("UPDATE", "WHEN ((new.a > 0)) "), "only where new.a > 0"),
    "disabled": ("trigger", trigger("UPDATE"), trigger("UPDATE", enabled="D"), "it is disabled"),
    "not for replicas": ("trigger", trigger("UPDATE", enabled="A"), trigger("UPDATE"), "what is replicated"),
}

AS_STRICT = {
    "fewer columns": ("unique", key(AB), key(A)),
    "another order": ("primary key", key(AB), key("USING btree (b, a DESC NULLS LAST)")),
    "included": ("unique", key(A), key(f"{A} INCLUDE (b) WITH (fillfactor='70')")),
    "all rows": ("index", index(f"{A} WHERE (b > 0)"), index(A)),
    "one null": ("unique", key(A), key(f"{A} NULLS NOT DISTINCT")),
    "at once": ("unique", key(A, deferrable=True), key(A)),
    "never unique": ("index", index(A, unique=False), index(B, unique=False)),
    "never built": ("index", index(A, valid=False), index(B)),
    "never enforced": ("foreign key", foreign(" NOT ENFORCED"), foreign("", target="public.q")),
    "refuses": ("foreign key", foreign(" ON DELETE CASCADE"), foreign()),
    "in another order": ("foreign key", foreign("", "ab"), foreign("", "ba")),
    "deferred": ("foreign key", foreign(" ON DELETE CASCADE"), foreign(" ON DELETE CASCADE DEFERRABLE")),
    "fires more": ("trigger", trigger("UPDATE OF a"), trigger("INSERT OR UPDATE")),
    "fires always": ("trigger", trigger("UPDATE", "WHEN ((new.a > 0)) "), trigger("UPDATE", enabled="A")),
}


@pytest.mark.parametrize(("kind", "old", "new", "why"), WEAKER.values(), ids=WEAKER.keys())
def test_what_lets_more_in_is_weaker(kind: str, old: SimpleNamespace, new: SimpleNamespace, why: str) -> None:
    (told,) = whys(kind, old, new)
    assert why in told


@pytest.mark.parametrize(("kind", "old", "new"), AS_STRICT.values(), ids=AS_STRICT.keys())
def test_what_lets_nothing_more_in_is_not(kind: str, old: SimpleNamespace, new: SimpleNamespace) -> None:
    assert not list(whys(kind, old, new))


CHECKS = [
    ("(x > 0)", "(x > 0)", True),
    ("(x > 0)", "(x > '-9'::integer)", False),
    ("(x > '-9'::integer)", "(x > 0)", True),
    ("(x > 0)", "(x >= 0)", False),
    ("(x >= 0)", "(x > 0)", True),
    ("(length(x) <= 100)", "(length(x) <= 50)", True),
    ("(length(x) <= 50)", "(length(x) <= 100)", False),
    ("(x > (0.5)::numeric)", "(x > (1)::numeric)", True),
    ("(x > 0)", "((x > 0) AND (y > 0))", True),
    ("((x > 0) AND (y > 0))", "(x > 0)", False),
    ("((x > 0) OR (y > 0))", "(x > 0)", True),
    ("(x > 0)", "((x > 0) OR (y > 0))", False),
    ("(x = ANY (ARRAY['a'::text, 'b'::text]))", "(x = ANY (ARRAY['b'::text]))", True),
    (
        "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))",
        "((s)::text = ANY ((ARRAY['a'::character varying])::text[]))",
        True,
    ),
    ("(x = ANY (ARRAY['a'::text]))", "(x = ANY (ARRAY['a'::text, 'b, c'::text]))", False),
    ("(x > y)", "(x > z)", False),
    ("f(x)", "g(x)", False),
]


@pytest.mark.parametrize(("old", "new", "as_strict"), CHECKS)
def test_a_condition_that_says_no_less(old: str, new: str, *, as_strict: bool) -> None:
    assert implies(new, old) is as_strict
    was, now = (SimpleNamespace(definition=f"CHECK ({condition})") for condition in (old, new))
    assert bool(list(whys("check", was, now))) is not as_strict


def test_what_is_said_of_a_check_beside_its_condition() -> None:
    plain, alone, unproved, idle = (
        SimpleNamespace(definition=f"CHECK ((x > 0)){tail}")
        for tail in ("", " NO INHERIT", " NOT VALID", " NOT ENFORCED")
    )
    assert list(whys("check", plain, alone)) == ["children are not checked"]
    assert list(whys("check", plain, idle)) == ["it is NOT ENFORCED"]
    for old, new in ((plain, unproved), (unproved, plain), (alone, plain), (idle, alone)):
        assert not list(whys("check", old, new))


@pytest.mark.parametrize(
    ("varchar", "text"),
    [
        ("((a)::text <> ''::text)", "(a <> ''::text)"),
        (
            "((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))",
            "(a = ANY (ARRAY['x'::text, 'y'::text]))",
        ),
        ("(n > (0)::numeric)", "(n > (0)::double precision)"),
    ],
)
def test_another_type_is_no_other_condition(varchar: str, text: str) -> None:
    assert without_casts(varchar) == without_casts(text)
    was, now = (SimpleNamespace(definition=f"CHECK ({condition})") for condition in (varchar, text))
    assert not list(whys("check", was, now, without_casts))


def test_one_sort_of_text_for_another_is_no_other_condition() -> None:
    was, now = (
        "(lower((s)::text), COALESCE(s, ('q'::character varying)::text), id)",
        "(lower(s), COALESCE(s, 'q'::text), id)",
    )
    assert without_text_casts(was) == without_text_casts(now)
    assert without_text_casts("(a)::date") != without_text_casts("(a)")


def test_brackets_count_where_only_types_change() -> None:
    assert without_casts("(((a > 0) OR (b > 0)) AND (c)::text)") != without_casts("((a > 0) OR ((b > 0) AND c))")
