"""Claims about the append-only logs."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pprl.chain import Chain
from pprl.errors import ChainError

KIND = "disclosure log"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a chain may be made."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def chain(path: Path) -> Iterator[Chain]:
    """A chain of five links."""
    with closing(Chain.open(path, KIND)) as opened:
        for number in range(5):
            opened.append({"event": f"number {number}", "count": number}, bytes([number]) * 3)
        yield opened


def altered(path: Path, *statements: str) -> None:
    """Change the database as somebody would who does not care for its triggers."""
    with closing(sqlite3.connect(path)) as database:
        for name in ("no_update", "no_delete"):
            database.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_links_come_back_in_order_and_verify(chain: Chain, path: Path) -> None:
    """With what is attached to them, also once the file is opened again."""
    assert chain.verify() == 5
    with closing(Chain.open(path, KIND, make=False)) as again:
        links = list(again.links())
        assert again.head == links[-1].digest == chain.head
        assert again.verify(links[2].digest) == 5
    assert [link.number for link in links] == [1, 2, 3, 4, 5]
    assert [link.body["count"] for link in links] == list(range(5))
    assert links[3].attached == b"\x03\x03\x03"
    assert repr(chain) == "<Chain log.sqlite (disclosure log)>"


def test_an_empty_chain_verifies_and_has_a_head_of_its_own(path: Path, tmp_path: Path) -> None:
    """So that even its first link cannot be another chain's."""
    with (
        closing(Chain.open(path, KIND)) as one,
        closing(Chain.open(tmp_path / "other", KIND)) as other,
    ):
        assert one.verify(one.head) == 0
        assert one.head != other.head


def test_a_chain_is_its_owners_alone(chain: Chain, path: Path) -> None:
    """It says who was disclosed."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("action", ["UPDATE link SET body = '{}'", "DELETE FROM link"])
def test_links_are_not_changed_by_mistake(chain: Chain, path: Path, action: str) -> None:
    """The database itself refuses."""
    with (
        closing(sqlite3.connect(path)) as database,
        pytest.raises(sqlite3.IntegrityError, match="only appended to"),
    ):
        database.execute(action)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE link SET body = '{\"count\":7}' WHERE number = 3", "link 3 .*altered"),
        ("UPDATE link SET written = '2001-01-01' WHERE number = 3", "link 3 .*altered"),
        ("UPDATE link SET attached = x'00' WHERE number = 3", "link 3 .*altered"),
        ("UPDATE link SET attached = 'text' WHERE number = 3", "link 3 .*altered"),
        ("UPDATE link SET digest = 'ab' WHERE number = 3", "link 3 .*altered"),
        ("UPDATE link SET body = 'no json' WHERE number = 3", "link 3 .*altered"),
        ("UPDATE link SET body = '[]' WHERE number = 3", "link 3 .*altered"),
        ("DELETE FROM link WHERE number = 3", "link 4 .*link 3 before it is gone"),
        ("DELETE FROM link WHERE number < 4", "link 4 .*link 1 to 3 before it is gone"),
        ("UPDATE link SET number = 9 WHERE number = 5", "link 9 .*link 5 to 8 before it is gone"),
    ],
)
def test_what_was_altered_is_told_with_its_place(
    chain: Chain, path: Path, change: str, told: str
) -> None:
    """Whatever column it is in."""
    altered(path, change)
    with pytest.raises(ChainError, match=told):
        chain.verify()
    for link in chain.links():
        if not link.text.startswith("{"):
            with pytest.raises(ChainError, match="Link 3 was altered"):
                _ = link.body


def test_two_links_that_changed_places_are_told(chain: Chain, path: Path) -> None:
    """Each was sound where it was."""
    altered(
        path,
        "UPDATE link SET number = 90 WHERE number = 2",
        "UPDATE link SET number = 2 WHERE number = 3",
        "UPDATE link SET number = 3 WHERE number = 90",
    )
    with pytest.raises(ChainError, match="breaks at link 2"):
        chain.verify()


def test_a_cut_end_is_told_by_a_head_that_was_noted(chain: Chain, path: Path) -> None:
    """And by nothing else: a shorter chain is a sound chain."""
    head = chain.head
    altered(path, "DELETE FROM link WHERE number > 3")
    assert chain.verify() == 3
    with pytest.raises(ChainError, match="its end was cut off"):
        chain.verify(head)


def test_a_second_writer_waits_or_is_told(path: Path) -> None:
    """Its link follows on the first one's; nothing is lost."""
    with closing(Chain.open(path, KIND)) as one, closing(Chain.open(path, KIND)) as other:
        other._connection.execute("PRAGMA busy_timeout = 0")
        told = pytest.raises(ChainError, match="in use by another process")
        with one.writing(), told:
            one.append({"by": "one"})
            other.append({"by": "other"})
        other.append({"by": "other"})
        assert [link.body["by"] for link in one.links()] == ["one", "other"]
        assert one.verify() == 2


def test_what_fails_halfway_leaves_nothing(chain: Chain) -> None:
    """All links of one transaction or none."""
    with pytest.raises(KeyboardInterrupt), chain.writing():
        chain.append({"event": "half"})
        raise KeyboardInterrupt
    assert chain.verify() == 5


def test_a_full_disk_is_told(chain: Chain) -> None:
    """A clear error, and the chain as it was."""
    (pages,) = chain._connection.execute("PRAGMA page_count").fetchone()
    chain._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ChainError, match="Is the disk full"):
        chain.append({"event": "too much"}, bytes(100_000))
    assert chain.verify() == 5


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"local_id,first_name\n" * 50),
        lambda path: Chain.open(path, "ledger of the hub").close(),
        lambda path: sqlite3.connect(path).execute("CREATE TABLE grades (student TEXT)").close(),
    ],
    ids=["no database", "another kind", "another program's"],
)
def test_what_is_no_such_chain_is_refused_and_left_alone(
    path: Path, make: Callable[[Path], None]
) -> None:
    """Whatever file it is."""
    make(path)
    before = path.read_bytes()
    with pytest.raises(ChainError, match="is no pprl disclosure log"):
        Chain.open(path, KIND)
    assert path.read_bytes() == before


def test_a_chain_that_is_not_there_is_told(path: Path, tmp_path: Path) -> None:
    """One that is to be read is not made, nor one in a folder that is not there."""
    with pytest.raises(ChainError, match="is not there"):
        Chain.open(path, KIND, make=False)
    assert not path.exists()
    with pytest.raises(ChainError, match="No such file"):
        Chain.open(tmp_path / "nowhere" / "log", KIND)
    with pytest.raises(ChainError):
        Chain.open(tmp_path, KIND)


def test_a_chain_that_may_only_be_read_is_read_and_verified(
    chain: Chain, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an auditor, for example; who tries to write to it is told."""
    connect = sqlite3.connect
    monkeypatch.setattr(
        "sqlite3.connect", lambda p, **options: connect(f"file:{p}?mode=ro", uri=True, **options)
    )
    with closing(Chain.open(path, KIND, make=False)) as again:
        assert again.verify(chain.head) == 5
        with pytest.raises(ChainError, match="cannot be written"):
            again.append({"event": "late"})


def test_a_damaged_chain_is_told(chain: Chain, path: Path) -> None:
    """Not begun anew."""
    chain.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with (
        pytest.raises(ChainError, match="Restore it from a backup"),
        closing(Chain.open(path, KIND)) as again,
    ):
        again.verify()
