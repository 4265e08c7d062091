"""What keeps the code readable: files and functions of a size that is read at one go, and rules that linters do not know."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "operator"
PACKAGE = SOURCE / "colonnade"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {f: ast.parse(f.read_text()) for f in FILES}
EACH = pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
LONGEST_FILE, LONGEST_FUNCTION, USUAL_FUNCTION, STORY = 400, 40, 8, 80


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


@EACH
def test_a_file_is_read_at_one_go_and_says_why_it_is_there(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert len(lines) <= LONGEST_FILE
    doc = ast.get_docstring(TREES[file])
    assert doc
    assert len(doc.split()) >= 2


@EACH
def test_no_function_is_longer_than_a_screen(file: Path) -> None:
    too_long = {f.name: length(f) for f in functions(TREES[file]) if length(f) > LONGEST_FUNCTION}
    assert too_long == {}


def test_most_functions_are_short() -> None:
    assert statistics.median(length(f) for tree in TREES.values() for f in functions(tree)) <= USUAL_FUNCTION


def test_the_whole_story_is_on_one_page() -> None:
    assert len((PACKAGE / "reconcile.py").read_text().splitlines()) <= STORY


def test_the_source_root_holds_one_package_and_no_python_of_its_own() -> None:
    """Kopf runs files by path, and the folder `operator` would hide a module of the standard library."""
    assert list(SOURCE.glob("*.py")) == []
    assert [p.name for p in SOURCE.iterdir() if p.is_dir() and (p / "__init__.py").exists()] == ["colonnade"]


RUNNING = {"execute", "executemany", "copy", "stream", "SQL"}


def formatted(node: ast.AST) -> bool:
    """Whether values are set into text there, by an f-string, % or .format; literals that are joined are the type checker's business."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(v, ast.FormattedValue) for v in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod) or formatted(node.left) or formatted(node.right)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and isinstance(node.func.value, ast.Constant)
    )


def runs(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNNING


@EACH
def test_no_statement_is_put_together_from_text(file: Path) -> None:
    calls = (node for node in ast.walk(TREES[file]) if isinstance(node, ast.Call) and runs(node))
    found = [f"line {call.lineno}" for call in calls if call.args and formatted(call.args[0])]
    assert found == []


@EACH
def test_nothing_is_left_for_later(file: Path) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", file.read_text())


@EACH
def test_no_exception_is_swallowed_in_silence(file: Path) -> None:
    handlers = (node for node in ast.walk(TREES[file]) if isinstance(node, ast.ExceptHandler))
    bare = [h.lineno for h in handlers if h.type is None or all(isinstance(s, ast.Pass) for s in h.body)]
    assert bare == []
