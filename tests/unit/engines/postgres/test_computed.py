"""Which changes of a routine change what it computes."""

import pytest

from colonnade.engines.postgres.told.computed import computes

HEAD = "CREATE OR REPLACE FUNCTION public.f(t text)\n RETURNS text\n LANGUAGE sql\n IMMUTABLE{}\n"
BODY = "AS $function$select lower(t) || ' a'$function$\n"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", "AS $function$select upper(t) || ' a'$function$\n"),
        ("", "AS $function$select lower(t) || '  a'$function$\n"),
        ("", "BEGIN ATOMIC\n SELECT (lower(t) || ' b'::text);\nEND\n"),
        (" STRICT", BODY),
        ("\n SET search_path TO 'app'", BODY),
    ],
)
def test_another_body_computes_otherwise(head: str, body: str) -> None:
    assert computes(HEAD.format("") + BODY) != computes(HEAD.format(head) + body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (" PARALLEL SAFE LEAKPROOF SECURITY DEFINER COST 7", BODY),
        ("", "AS $function$\n  -- don't\n  SELECT LOWER(t)  /* it's */ ||\n ' a'\n$function$\n"),
    ],
)
def test_another_layout_does_not(head: str, body: str) -> None:
    assert computes(HEAD.format("") + BODY) == computes(HEAD.format(head) + body)
