"""The Postgres engine: any two schemas that Postgres can hold, from the one to the other, without stopping traffic, and proved."""

from colonnade.engines.postgres.database import ENGINE

__all__ = ["ENGINE"]
