"""The form of a CSV file, found from its bytes."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from app.sources.errors import SourceUnavailable, WrongSource
from app.vendors.csv.form import (
    find_delimiter,
    find_encoding,
    named_delimiter,
    named_encoding,
    undecodable_at,
)

TEXT = "ID,Name\n1,Jörg Müller – €\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TEXT.encode("utf-8"), "utf-8-sig"),
        (codecs.BOM_UTF8 + TEXT.encode("utf-8"), "utf-8-sig"),
        (TEXT.encode("cp1252"), "cp1252"),
        (codecs.BOM_UTF8 + TEXT.encode("cp1252"), "cp1252"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32"),
        (b"ID,Name\n1,x\n", "utf-8-sig"),
        (b"", "utf-8-sig"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, content: bytes, name: str):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    encoding = find_encoding(path)
    assert encoding.name == name
    if content:
        assert "ID" in content.decode(encoding.name, encoding.errors)


def test_a_late_character_decides_too(tmp_path: Path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"a,b\n" * 600_000 + "ü".encode("latin-1"))
    assert find_encoding(path).name == "cp1252"


def test_latin_1_is_read_as_windows_writes_it(tmp_path: Path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"\x80\x81\xfc")
    encoding = named_encoding("latin-1")
    assert path.read_bytes().decode(encoding.name, encoding.errors) == "€\x81ü"


def test_the_first_undecodable_line_is_named(tmp_path: Path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"a\nb\n\xff\n")
    assert undecodable_at(path, named_encoding("utf-8")) == 3


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["a,b,c", "1,2,3"], ","),
        (["a;b;c", "1;2,5;3"], ";"),
        (["a\tb", "1\t2"], "\t"),
        (["a|b|c", "1|2|3"], "|"),
        (['"x;y",b', '"z;w",2'], ","),
        (["Start;End", "12:30;13:30"], ";"),
        (["only", "one"], ","),
        ([], ","),
    ],
)
def test_the_delimiter_is_found(lines, delimiter):
    assert find_delimiter(lines) == delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"), [("tab", "\t"), ("\\t", "\t"), ("semicolon", ";"), ("~", "~")]
)
def test_a_delimiter_can_be_named(text, delimiter):
    assert named_delimiter(text) == delimiter


@pytest.mark.parametrize("text", ["", ";;", '"', "\n"])
def test_what_cannot_separate_cells_is_refused(text):
    with pytest.raises(WrongSource, match="delimiter"):
        named_delimiter(text)


def test_an_unknown_encoding_is_refused():
    with pytest.raises(WrongSource, match="encoding='klingon'"):
        named_encoding("klingon")


def test_a_file_that_is_not_there_is_told_with_its_path(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match=r"nowhere\.csv"):
        find_encoding(tmp_path / "nowhere.csv")
