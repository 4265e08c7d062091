"""What a change is, and the small schemas that several start from."""

from typing import LiteralString, NamedTuple


class Change(NamedTuple):
    """`named` is the identity of an object that is not the same afterwards. `undo` leaves what `setup` made."""

    setup: LiteralString
    change: LiteralString
    undo: LiteralString
    named: str
    versions: str = ">=14"


T: LiteralString = "CREATE TABLE t (a int, b text); "
FUNCTION: LiteralString = "CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x'; "
NOTHING: LiteralString = "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
