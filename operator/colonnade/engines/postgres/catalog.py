"""Pieces that the catalog queries of several kinds share."""

from __future__ import annotations

from typing import LiteralString

USER_SCHEMA: LiteralString = (
    "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%'"
)
"""`n` is a schema that users make; see `kind.OWN_SCHEMAS` for the last part."""

FIRST_OF_USERS: LiteralString = "16384"
"""FirstNormalObjectId: what initdb makes has lower OIDs."""
