"""The docstrings of fields, read from the source only when CRDs are generated.

Pydantic can do it too (`use_attribute_docstrings`), but reads the source at every import, which doubles the start-up time.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise


def descriptions(cls: type) -> dict[str, str]:
    """The text under each field of the class itself and of those it inherits from, as one line."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if "__annotations__" in vars(base) and not base.__module__.startswith("pydantic."):
            found |= _own(base)
    return found


def _own(cls: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in pairwise(body.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and (said := _text(text)):
            found[field.target.id] = said
    return found


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""
