from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from colonnade.resources.fragment import expression, identifier, opclass, parts, qualified, sql_type, tokens


def refusal(check: Callable[[str], object], text: str) -> str:
    with pytest.raises(PydanticCustomError) as refused:
        check(text)
    return refused.value.message()


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "'pending'",
        "'it''s; here)'",
        r"E'a\'; b'",
        "now() - interval '1 day'",
        'lower("E mail")',
        "$$a;b'$$",
        "$tag$ $$ ; $tag$",
        "a$b + c$d",
        "(a)[1]",
        "a -- one; two (\n + b",
        "a /* ; ( /* nested */ ' */ + b",
        "status IN ('a', 'b')",
        "B'101' || X'1F'",
        r"'back\slash'",
        "payload @> '{\"a\": [1, 2]}'",
        "U&'d!0061t' UESCAPE '!'",
        "größe > 1",
    ],
)
def test_a_whole_expression_is_taken_as_it_is(text: str) -> None:
    assert expression(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1; DROP TABLE users", "';'"),
        ("1) ; --", "')' without '(' before it"),
        ("lower(a", "'(' that is not closed"),
        ("a[1)", "')' without '('"),
        ("'open", "double it where it is part of the text"),
        ("'it's'", "not closed"),
        (r"E'a\'", "not closed"),
        ('"open', 'a quote " that is not closed'),
        ('""', "nothing between"),
        ("$$open", "dollar quote"),
        ("$a$ $b$", "dollar quote"),
        ("a /* open", "comment /*"),
        ("a -- the rest", "end the line after it"),
        ("a\\b", "backslash"),
        ("a -- one line\r; DROP TABLE users", "';'"),
        ("é$$;$$", "';'"),
        ("→$$;$$", "';'"),
        ("\u00a0$$;$$", "';'"),
        ("1a$$;$$", "';'"),
        ("$1", "parameter"),
        ("a\x00", "NUL"),
        ("", "empty"),
        ("  \n", "empty"),
        ("-- nothing\n", "empty"),
    ],
)
def test_what_would_go_on_behind_an_expression_is_refused(text: str, says: str) -> None:
    assert says in refusal(expression, text)


@given(st.text(alphabet="ab '\"$(;)[]-/*\\\nE1", max_size=40))
def test_a_text_that_is_taken_leaves_nothing_open(text: str) -> None:
    """Set between brackets it is one piece still, and nothing in it ends a statement."""
    try:
        expression(text)
    except PydanticCustomError:
        return
    assert [token.text for token in tokens(f"({text})") if token.depth == 0] == ["(", ")"]
    assert all(token.text != ";" for token in tokens(text))


@pytest.mark.parametrize(
    "text",
    [
        "bigint",
        "numeric(12,2)",
        "numeric(10, -2)",
        "double precision",
        "timestamp(3) with time zone",
        "interval day to second(3)",
        "text[]",
        "int[3][]",
        'app."Mood"[]',
        '"not null"',
        "geometry(Point, 4326)",
        "postgis.geometry('POINT')",
        "bit varying(5)",
        "int array[4]",
    ],
)
def test_a_type_is_taken_as_it_is(text: str) -> None:
    assert sql_type(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bigint not null", "write nullable: false"),
        ("bigint NOT NULL", "write nullable: false"),
        ("int DEFAULT 5", "write default:"),
        ("int primary key", "write primaryKey:"),
        ('text COLLATE "C"', "write collation:"),
        ("int references users", "write foreignKeys:"),
        ("int, evil text", "','"),
        ("int) ; drop table x", "')' without"),
        ("int -- note", "not part of a type"),
        ("text = 'a'", "'='"),
        ("(int)", "is no type"),
        ("12", "is no type"),
        ("  ", "is no type"),
        ("numeric(12,2", "not closed"),
    ],
)
def test_what_stands_beside_a_type_is_refused(text: str, says: str) -> None:
    assert says in refusal(sql_type, text)


@pytest.mark.parametrize("text", ["text_pattern_ops", "public.gin_trgm_ops", '"My".ops', "gist_trgm_ops(siglen=32)"])
def test_an_operator_class_is_taken_as_it_is(text: str) -> None:
    assert opclass(text) == text


@pytest.mark.parametrize("text", ["text_ops DESC", "a, b", "a(", "ops -- x\n", "a.b.c", "1", ""])
def test_what_is_no_operator_class_is_refused(text: str) -> None:
    refusal(opclass, text)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("orders", ("orders",)),
        ("app.orders", ("app", "orders")),
        ('"a.b"', ("a.b",)),
        ('app."we""ird.name"', ("app", 'we"ird.name')),
        ("Orders", ("Orders",)),
        ("with space", ("with space",)),
    ],
)
def test_a_name_has_parts(name: str, found: tuple[str, ...]) -> None:
    assert parts(name) == found


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", "a..b", '"a', 'a"b', '"a"b'])
def test_what_is_no_name_is_refused(name: str) -> None:
    assert "write name or schema.name" in refusal(parts, name)


def test_a_name_has_a_schema_at_most() -> None:
    assert "more than two parts" in refusal(qualified, "a.b.c")


def test_a_name_that_postgres_would_cut_is_refused() -> None:
    """It counts bytes."""
    assert identifier("ä" * 31) == "ä" * 31
    assert "is 64 bytes long and Postgres keeps 63" in refusal(identifier, "ä" * 32)
    assert "64 bytes" in refusal(qualified, f"app.{'a' * 64}")
