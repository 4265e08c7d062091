"""Declarations that need one another, such as those of two teams with a foreign key each way: what lacks something waits until another
declaration has made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from colonnade.core.errors import ColonnadeError
from colonnade.engines import Declaration
from colonnade.engines.postgres.declared.load import Waiting, again, lacking, load
from colonnade.engines.postgres.session import Connection


def schemas(declaration: Declaration) -> tuple[str, ...]:
    """Where its SQL looks for names."""
    return tuple(declaration.spec.schemas) if declaration.spec else ("public",)


def load_together(
    connection: Connection, order: Sequence[Declaration], came: Callable[[Declaration], None]
) -> dict[str, ColonnadeError]:
    """Bring all of them into this database; `came` hears of a declaration whenever something of it has come. The errors by owner: of the
    first that fails, or of those that lack something still.
    """
    left: dict[str, Waiting] = {}
    for declaration in order:
        left[declaration.owner] = []
        try:
            load(connection, declaration, schemas(declaration), left[declaration.owner])
        except ColonnadeError as e:
            return {declaration.owner: e}
        came(declaration)
    before = -1
    while before != (before := sum(map(len, left.values()))):
        for declaration in order:
            if waiting := left[declaration.owner]:
                left[declaration.owner] = again(connection, waiting)
                came(declaration)
    return {owner: lacking(connection, waiting) for owner, waiting in left.items() if waiting}
