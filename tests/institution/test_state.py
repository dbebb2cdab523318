"""Claims about what an institution keeps between submissions."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl import State
from pprl.errors import StateError
from pprl.institution.ledger import Ledger
from tests.oracle import hkdf, mac, word

SECRET = bytes(range(32))
DIGEST = "ab" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a state file may be made."""
    return tmp_path / "fresno.state"


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    """A new state file, open."""
    with closing(State.open(path)) as opened:
        yield opened


def ledger(*blocks: tuple[int, int]) -> Ledger:
    """A ledger of (token, holder)."""
    tokens, holders = zip(*sorted(blocks), strict=True) if blocks else ((), ())
    return Ledger(np.array(tokens, np.uint64), np.array(holders, np.uint64))


def test_a_state_opened_again_has_its_secret_ledger_and_count(path: Path) -> None:
    """Nothing is made anew, so that unchanged data repeat."""
    with closing(State.open(path)) as first:
        key = first.derive(DIGEST, "decoys/zip")
        with first.transaction():
            first.keep_ledger("context", "zip", ledger((1, 7), (5, 8)))
            assert first.sequence_of("context", "content") == 1
    with closing(State.open(str(path))) as again:
        assert again.derive(DIGEST, "decoys/zip") == key
        assert again.ledger("context", "zip").tokens.tolist() == [1, 5]
        assert again.ledger("context", "zip").holders.tolist() == [7, 8]
        assert again.sequence_of("context", "content") == 1
        assert again.sequence_of("context", "other") == 2


def test_one_state_may_be_open_twice(path: Path) -> None:
    """Both see the same secret."""
    with closing(State.open(path)) as one, closing(State.open(path)) as other:
        assert one.derive(DIGEST, "noise") == other.derive(DIGEST, "noise")


def test_two_states_have_two_secrets(tmp_path: Path) -> None:
    """From the operating system's random numbers."""
    with closing(State.open(tmp_path / "a")) as one, closing(State.open(tmp_path / "b")) as other:
        assert one.derive(DIGEST, "noise") != other.derive(DIGEST, "noise")
    fresh = {State.in_memory().derive(DIGEST, "noise") for _ in range(5)}
    assert len(fresh) == 5


def test_a_state_file_is_its_owners_alone(path: Path, state: State) -> None:
    """It holds a secret."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_are_derived_by_hkdf_from_the_secret() -> None:
    """Under the linkage digest, one for each purpose."""
    state = State.in_memory(SECRET)
    expected = hkdf(SECRET, bytes.fromhex(DIGEST), b"pprl/1/missing/zip", 32)
    assert state.derive(DIGEST, "missing/zip") == expected
    assert state.derive(DIGEST, "decoys/zip") != expected


def test_a_student_digest_is_keyed_by_the_institutions_secret() -> None:
    """The first eight bytes of an HMAC of the local id, which the ledger holds in its place."""
    digests = State.in_memory(SECRET).student_digest(DIGEST, ["17", "", "Zoë"])
    key = hkdf(SECRET, bytes.fromhex(DIGEST), b"pprl/1/local-id", 32)
    assert digests.tolist() == [word(mac(key, text)) for text in ("17", "", "Zoë")]
    assert State.in_memory(bytes(32)).student_digest(DIGEST, ["17"])[0] != digests[0]


def test_a_state_shows_nothing_of_its_secret(state: State) -> None:
    """Nor of its file."""
    assert repr(state) == str(state) == "<State>"


@pytest.mark.parametrize("length", [0, 1, 16, 31, 33])
def test_a_secret_of_another_length_is_refused(length: int) -> None:
    """A short one by mistake would weaken every decoy."""
    with pytest.raises(StateError, match=f"has 32 bytes, not {length}"):
        State.in_memory(bytes(length))


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    """A roster by mistake is not touched."""
    content = "local_id,first_name\n" * 100
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StateError, match="is no pprl state file, or is damaged"):
        State.open(path)
    assert path.read_text(encoding="utf-8") == content


def test_a_damaged_state_file_is_refused(path: Path) -> None:
    """Cut in half, it is not begun anew: that would forget the ledger unsaid."""
    with closing(State.open(path)):
        pass
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StateError, match="Restore it from a backup"):
        State.open(path)


@pytest.mark.parametrize("version", [1, 2, 3, 99])
def test_a_database_of_another_program_or_version_is_refused(path: Path, version: int) -> None:
    """Whatever version it calls itself."""
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute("CREATE TABLE grades (student TEXT)")
        foreign.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StateError, match="is no pprl state file"):
        State.open(path)


def test_a_database_of_another_program_is_not_made_into_a_state(path: Path) -> None:
    """Even if that program, as most do, never numbers its versions."""
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute("CREATE TABLE grades (student TEXT)")
    with pytest.raises(StateError, match="is no pprl state file"):
        State.open(path)
    with closing(sqlite3.connect(path)) as foreign:
        names = foreign.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert names == [("grades",)]


def test_a_place_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A folder that is not there, and one that is where the file should be."""
    with pytest.raises(StateError, match=r"cannot be opened \(No such file or directory\)"):
        State.open(tmp_path / "nowhere" / "fresno.state")
    with pytest.raises(StateError):
        State.open(tmp_path)


def test_a_second_process_is_told_to_come_back(path: Path) -> None:
    """Two submissions at once could both send a block that only one student may hold."""
    with closing(State.open(path)) as one, closing(State.open(path)) as other:
        impatient(other)
        told = pytest.raises(StateError, match="in use by another process")
        with one.transaction(), told, other.transaction():
            pass
        with other.transaction():
            pass


def test_a_state_in_use_cannot_be_called_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opens it meanwhile is told to come back, not to restore a backup over it."""
    connect = sqlite3.connect
    with closing(State.open(path)) as one, one.transaction():
        monkeypatch.setattr(
            "sqlite3.connect", lambda file, **options: connect(file, **{**options, "timeout": 0})
        )
        with pytest.raises(StateError, match="in use by another process"):
            State.open(path)


def impatient(state: State) -> None:
    """Have a state give up at once on a database in use, where it would wait for a minute."""
    state._connection.execute("PRAGMA busy_timeout = 0")


def test_a_transaction_that_fails_leaves_nothing(state: State) -> None:
    """Neither a ledger nor a number."""
    with pytest.raises(KeyboardInterrupt), state.transaction():
        state.keep_ledger("context", "zip", ledger((1, 7)))
        state.sequence_of("context", "content")
        raise KeyboardInterrupt
    assert not len(state.ledger("context", "zip").tokens)
    with state.transaction():
        assert state.sequence_of("context", "other") == 1


def test_content_sent_last_keeps_its_number_and_older_content_does_not(state: State) -> None:
    """Numbers rise with every file that differs from the one before, in each context."""
    sent = [state.sequence_of("fresno", content) for content in "aabba"]
    assert sent == [1, 1, 2, 2, 3]
    assert state.sequence_of("clovis", "a") == 1


def test_ledgers_are_kept_apart_by_context_and_pass(state: State) -> None:
    """Another key, section or pass has blocks of its own."""
    state.keep_ledger("context", "zip", ledger((1, 7)))
    assert not len(state.ledger("context", "birth-date").tokens)
    assert not len(state.ledger("elsewhere", "zip").tokens)


blocks = st.dictionaries(st.integers(0, 30), st.integers(1, 5))


@given(old=blocks, new=blocks, asked=st.lists(st.integers(0, 30)))
def test_a_ledger_is_a_dictionary_in_which_the_first_holder_stays(
    old: dict[int, int], new: dict[int, int], asked: list[int]
) -> None:
    """As arrays that rise, and 0 for a block that nobody holds."""
    tokens = np.array(list(new), np.uint64)
    merged = ledger(*old.items()).with_entries(tokens, np.array(list(new.values()), np.uint64))
    expected = new | old
    assert merged.tokens.tolist() == sorted(expected)
    assert merged.holders.tolist() == [expected[token] for token in sorted(expected)]
    known, holders = merged.holder_of(np.array(asked, np.uint64))
    assert known.tolist() == [token in expected for token in asked]
    assert holders.tolist() == [expected.get(token, 0) for token in asked]
