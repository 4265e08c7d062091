"""What the documentation says of the code is so, as far as that can be read off it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from colonnade.cli.parser import VERBS
from colonnade.core.status import REASONS
from colonnade.resources import load_all
from dev.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
VERB = re.compile(r"(?:^|\$ |`)(?:kubectl )?colonnade ([a-z]+)", re.MULTILINE)

each = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """Of the headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> Iterator[str]:
    for link in LINK.findall(page.read_text()):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@each
def test_its_links_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


@each
def test_its_resources_are_valid(page: Path) -> None:
    for language, text in BLOCK.findall(page.read_text()):
        if language == "yaml" and text.startswith("apiVersion: colonnade.dev/"):
            assert load_all(text, page.name)


@each
def test_its_commands_are_there(page: Path) -> None:
    assert {verb for verb in VERB.findall(page.read_text()) if verb not in VERBS} == set()


def test_every_page_is_listed() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in LINK.findall(index.read_text())}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} <= listed


def test_every_reason_is_explained_and_no_other() -> None:
    rows = (ROOT / "docs" / "reference" / "conditions.md").read_text().partition("## Reasons")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == set(REASONS)


def test_the_map_of_the_postgres_engine_has_each_of_its_modules_in_its_folder() -> None:
    engine = ROOT / "operator" / "colonnade" / "engines" / "postgres"
    rows = re.findall(r"^\| (`\w+`)? ?\| .* \| (.*) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    said: dict[str, set[str]] = {"": set()}
    folder = ""
    for named, modules in rows:
        folder = named.strip("`") or folder
        said.setdefault(folder, set()).update(re.findall(r"`(\w+)`", modules))
    there = {
        place: {f.stem for f in (engine / place).glob("*.py")} - {"__init__"} for place in said if place != "kinds"
    }
    assert {place: said[place] for place in there} == there
