"""Pieces that the catalog queries of several kinds share."""

from __future__ import annotations

from typing import LiteralString

USER_SCHEMA: LiteralString = (
    "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%'"
)
"""`n` is a schema that users make; see `kind.OWN_SCHEMAS` for the last part."""

SUCCESSOR: LiteralString = "_colonnade_new"
"""How the names end of what is built beside a column, to take its place: no reader of the database sees it until then."""
SUCCESSORS: LiteralString = "'_" + "[0-9a-f]" * 8 + SUCCESSOR + "$'"
"""What such a name matches as a whole, with its digest, as a regular expression in SQL: others may end theirs alike."""

FIRST_OF_USERS: LiteralString = "16384"
"""FirstNormalObjectId: what initdb makes has lower OIDs."""
