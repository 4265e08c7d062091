from __future__ import annotations

import io
from pathlib import Path

import pytest

from colonnade.cli import files
from colonnade.core.errors import InvalidSpec


def test_a_folder_stands_for_its_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("2.sql", "1.sql", "deep/3.yaml", ".git/4.sql", "readme.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = files.read([str(tmp_path)])
    assert [source.text for source in found.sql] == ["1.sql", "2.sql"]
    assert [source.name for source in found.yaml] == [str(tmp_path / "deep" / "3.yaml")]


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("CREATE TABLE t (id int); -- apiVersion: 1", "sql"),
        ("# a comment\napiVersion: colonnade.dev/v1alpha1\n", "yaml"),
        ('{"apiVersion": "v1"}', "yaml"),
        ('{\n  "apiVersion": "v1"\n}', "yaml"),
    ],
)
def test_standard_input_is_known_by_what_is_in_it(text: str, sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    found = files.read(["-"])
    assert [source.text for source in getattr(found, sort)] == [text]
    assert len(found.sql) + len(found.yaml) == 1


def test_a_mark_of_byte_order_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"\xef\xbb\xbfSELECT")
    assert files.read([str(tmp_path / "a.sql")]).sql[0].text == "SELECT"


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.sql").write_bytes(b"-- caf\xe9")
    with pytest.raises(InvalidSpec, match=r"latin.sql: byte 6 is not UTF-8"):
        files.read([str(tmp_path / "latin.sql")])
    with pytest.raises(InvalidSpec, match=r"gone\.sql: No such file"):
        files.read([str(tmp_path / "gone.sql")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidSpec, match=r"has no file that ends in \.sql"):
        files.read([str(tmp_path / "empty")])


def test_the_ends_of_lines_in_sql_stay_and_in_yaml_are_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql, yaml = "CREATE TABLE t (\r\n  a text DEFAULT 'x\r\ny\rz'\r\n);\r\n", "apiVersion: v1\r\nkind: X\rb: c\n"
    (tmp_path / "a.sql").write_bytes(sql.encode())
    (tmp_path / "b.yaml").write_bytes(yaml.encode())
    found = files.read([str(tmp_path)])
    assert [source.text for source in found.sql] == [sql]
    assert [source.text for source in found.yaml] == ["apiVersion: v1\nkind: X\nb: c\n"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sql.encode())))
    assert [source.text for source in files.read(["-"]).sql] == [sql]
