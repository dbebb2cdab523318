"""Claims about sealed and signed match files: who sent it, to whom, under which text, and whole."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pprl.agreement import Agreement
from pprl.errors import AgreementError, MismatchError, PPRLError, SubmissionError, UsageError
from pprl.exchange import PassProfile, SigningKey, Submission
from pprl.exchange.container import read_head
from pprl.exchange.origin import MATCH_FILE, check_newer
from pprl.exchange.sealing import MOST_HEADER, mapped, seal, write_pieces
from tests.partners import (
    HUB,
    KEYS,
    OTHER_HUB,
    SECTION,
    STRANGER,
    TODAY,
    signed,
    submission,
)

AGREEMENT = signed()


def opened(path: Path, agreement: Agreement = AGREEMENT, **options: Any) -> Submission:
    """The hub opens a file today."""
    return Submission.open(
        path, **{"identity": HUB, "signers": agreement, "today": TODAY, **options}
    )


def refusal(content: bytes, folder: Path, **options: Any) -> str:
    """How the hub refuses a file of these bytes; nothing else is left in the folder."""
    path = folder / "f.pprl"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    before = set(folder.iterdir())
    with pytest.raises(PPRLError) as caught:
        opened(path, **options)
    assert set(folder.iterdir()) == before
    return str(caught.value)


def sealed(content: bytes, recipient: str = HUB.recipient) -> bytes:
    """Bytes, sealed to the hub."""
    file = io.BytesIO()
    seal(file, [content], recipient)
    return file.getvalue()


def plain(**changed: Any) -> bytes:
    """The bytes of fresno's signed match file before sealing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.pprl"
        submission(AGREEMENT, **changed).write(path, signing_key=KEYS["fresno"])
        view, was_sealed = mapped(path, HUB)
        assert was_sealed
        return bytes(view)


@pytest.fixture(scope="module")
def content() -> bytes:
    """What fresno signed, not sealed."""
    return plain()


def test_what_fresno_sealed_the_hub_reads(tmp_path: Path) -> None:
    """Signed and sealed, opened and verified, bit for bit the same."""
    made = submission(AGREEMENT)
    path = tmp_path / "fresno.pprl"
    written = made.write(path, signing_key=KEYS["fresno"])
    read = opened(path)
    assert read.manifest == written
    assert written.recipient == HUB.recipient
    for name, entries in made.passes.items():
        for field in dataclasses.fields(entries):
            assert np.array_equal(
                getattr(read.passes[name], field.name), getattr(entries, field.name)
            )
    assert [p.name for p in tmp_path.iterdir()] == ["fresno.pprl"]
    assert path.read_bytes().startswith(b"age-encryption.org/v1\n-> X25519 ")


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_a_sealed_file_is_its_owners_alone(tmp_path: Path) -> None:
    """As an unsealed one."""
    submission(AGREEMENT).write(tmp_path / "f.pprl", signing_key=KEYS["fresno"])
    assert stat.S_IMODE((tmp_path / "f.pprl").stat().st_mode) == 0o600


def test_under_an_agreement_with_a_hub_a_file_cannot_be_written_otherwise(tmp_path: Path) -> None:
    """Neither unsigned nor to another hub; and nothing is written."""
    made = submission(AGREEMENT)
    with pytest.raises(UsageError, match="pass signing_key"):
        made.write(tmp_path / "f.pprl")
    with pytest.raises(UsageError, match="is not the hub of the agreement"):
        made.write(tmp_path / "f.pprl", signing_key=KEYS["fresno"], recipient=OTHER_HUB.recipient)
    trial = submission(AGREEMENT, recipient="")
    with pytest.raises(UsageError, match="no age key"):
        trial.write(tmp_path / "f.pprl", signing_key=KEYS["fresno"], recipient="age1")
    with pytest.raises(UsageError, match="pass signing_key"):
        trial.write(tmp_path / "f.pprl", recipient=HUB.recipient)
    assert list(tmp_path.iterdir()) == []


def test_a_trial_may_be_sealed_too(tmp_path: Path) -> None:
    """The recipient given is the one that the manifest then names."""
    trial = dataclasses.replace(
        AGREEMENT, trial=True, linkage=dataclasses.replace(SECTION, hub_key="")
    )
    made = submission(trial)
    manifest = made.write(tmp_path / "f.pprl", signing_key=KEYS["fresno"], recipient=HUB.recipient)
    assert manifest.recipient == HUB.recipient
    assert opened(tmp_path / "f.pprl", trial).manifest == manifest


def test_a_sealed_file_cut_anywhere_is_refused(tmp_path: Path, content: bytes) -> None:
    """At every byte; age has then released plaintext, and none of it is left."""
    whole = sealed(content)
    for length in range(len(whole)):
        assert refusal(whole[:length], tmp_path)


def test_a_sealed_file_altered_anywhere_is_refused(tmp_path: Path, content: bytes) -> None:
    """Whichever byte is flipped."""
    whole = bytearray(sealed(content))
    for place in range(len(whole)):
        whole[place] ^= 1 << place % 8
        assert refusal(bytes(whole), tmp_path)
        whole[place] ^= 1 << place % 8
    (tmp_path / "f.pprl").write_bytes(whole)
    assert opened(tmp_path / "f.pprl").records == 4


def test_a_signed_file_altered_anywhere_is_refused(tmp_path: Path, content: bytes) -> None:
    """The recipient can alter what is inside the seal, and is told apart from the signer."""
    whole = bytearray(content)
    for place in range(len(whole)):
        whole[place] ^= 1 << place % 8
        assert refusal(bytes(whole), tmp_path)
        whole[place] ^= 1 << place % 8


def resigned(content: bytes, edit: Callable[[bytes], bytes], key: SigningKey | None) -> bytes:
    """A file with an edited manifest, its digest right, signed by a key or with the old bytes."""
    head = read_head(memoryview(content), "x")
    manifest = edit(head.manifest)
    start = b"pprl match file 1\n" + len(manifest).to_bytes(4, "little") + manifest
    signature = key.sign(MATCH_FILE, manifest) if key else head.signature
    start += hashlib.sha256(start).digest() + len(signature).to_bytes(4, "little") + signature
    old_start = head.size + -head.size % 64
    return start + bytes(-len(start) % 64) + content[old_start:]


def same(manifest: bytes) -> bytes:
    """The manifest as it is."""
    return manifest


def test_an_edited_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    """With digests made right but not the signature."""
    for old, new in ((b'"records":4', b'"records":5'), (b'"sequence":3', b'"sequence":9')):
        forged = resigned(content, lambda m, o=old, n=new: m.replace(o, n), None)  # type: ignore[misc]
        assert forged != content
        assert "signed by none of the agreement's parties" in refusal(forged, tmp_path)


def test_a_stranger_is_refused(tmp_path: Path, content: bytes) -> None:
    """A sound file signed by a key that is not in the agreement."""
    forged = sealed(resigned(content, same, STRANGER))
    assert "signed by none of the agreement's parties" in refusal(forged, tmp_path)


def test_a_party_cannot_send_in_another_partys_name(tmp_path: Path, content: bytes) -> None:
    """Reedley signs what says that it is fresno's."""
    forged = sealed(resigned(content, same, KEYS["reedley"]))
    told = refusal(forged, tmp_path)
    assert "says it comes from fresno, and is signed by reedley" in told


def test_a_signature_for_another_purpose_is_refused(tmp_path: Path, content: bytes) -> None:
    """What a party signed elsewhere signs no match file."""

    class Elsewhere(SigningKey):
        """Signs for payload files only."""

        def sign(self, purpose: str, content: bytes) -> bytes:
            """For another purpose than asked."""
            return super().sign("payload file 1", content)

    forged = resigned(content, same, Elsewhere(bytes(32)))
    assert "signed by none" in refusal(forged, tmp_path)


def test_an_unsigned_file_is_refused_unless_that_is_allowed(tmp_path: Path, content: bytes) -> None:
    """Explicitly, or by a trial agreement."""
    head = read_head(memoryview(content), "x")
    first = len(content[: head.size]) - 64
    unsigned = content[: first - 4] + bytes(4)
    unsigned += bytes(-len(unsigned) % 64) + content[head.size + -head.size % 64 :]
    assert "is not signed" in refusal(unsigned, tmp_path)
    assert "is not signed" in refusal(unsigned, tmp_path, signers=None)
    path = tmp_path / "f.pprl"
    assert opened(path, allow_unverified=True).records == 4
    assert opened(path, signers=None, allow_unverified=True).records == 4
    assert opened(path, dataclasses.replace(AGREEMENT, trial=True)).records == 4


def test_an_unknown_signer_is_taken_only_if_that_is_allowed(tmp_path: Path, content: bytes) -> None:
    """Then nobody vouches for where the file comes from."""
    forged = resigned(content, same, STRANGER)
    assert "Pass signers=agreement" in refusal(forged, tmp_path, signers=None)
    assert opened(tmp_path / "f.pprl", allow_unverified=True).institution == "fresno"


def test_swapped_parts_are_refused(tmp_path: Path, content: bytes) -> None:
    """Two tables that changed places, each whole."""
    other = plain(records=4)
    assert other == content
    head = read_head(memoryview(content), "x")
    start = head.size + -head.size % 64
    half = (len(content) - start) // 128 * 64
    swapped = content[:start] + content[start + half :] + content[start : start + half]
    assert "truncated or altered (a part)" in refusal(swapped, tmp_path)


def test_a_file_sealed_to_another_hub_is_refused(tmp_path: Path, content: bytes) -> None:
    """And the message tells to whom it should be sealed."""
    told = refusal(sealed(content, OTHER_HUB.recipient), tmp_path)
    assert f"is sealed to another key. Ask for it sealed to {HUB.recipient}" in told


def test_a_file_made_for_one_hub_cannot_be_passed_on_to_another(
    tmp_path: Path, content: bytes
) -> None:
    """A hub that seals what it was sent to another hub is told by the manifest."""
    passed_on = sealed(content, OTHER_HUB.recipient)
    (tmp_path / "f.pprl").write_bytes(passed_on)
    with pytest.raises(MismatchError, match="was made for another hub and passed on"):
        opened(tmp_path / "f.pprl", dataclasses.replace(AGREEMENT, trial=True), identity=OTHER_HUB)
    elsewhere = signed(linkage=dataclasses.replace(SECTION, hub_key=OTHER_HUB.recipient))
    with pytest.raises(MismatchError, match="was made for another hub"):
        opened(tmp_path / "f.pprl", elsewhere, identity=OTHER_HUB)


def test_a_sealed_file_needs_an_identity(tmp_path: Path, content: bytes) -> None:
    """And armored age files are none of ours."""
    assert "is sealed. Open it with" in refusal(sealed(content), tmp_path, identity=None)
    armored = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"
    assert "is armored text" in refusal(armored, tmp_path)


def test_what_is_sealed_is_checked_like_anything_else(tmp_path: Path) -> None:
    """A linkage key sealed to the hub by mistake is told; an empty file and noise too."""
    assert "is a linkage key" in refusal(sealed(b"pprl linkage key 1\nAAAA\n"), tmp_path)
    assert "is empty" in refusal(sealed(b""), tmp_path)
    assert "is not a pprl match file" in refusal(sealed(bytes(1000)), tmp_path)
    assert "is not a pprl match file" in refusal(sealed(sealed(b"x")), tmp_path)


def test_an_age_header_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """Ours take some hundred bytes."""
    endless = b"age-encryption.org/v1\n-> X25519 " + b"A" * (2 * MOST_HEADER)
    assert "is damaged (age header)" in refusal(endless, tmp_path)


def test_a_file_made_under_another_text_is_refused(tmp_path: Path, content: bytes) -> None:
    """The institution agreed to other output rules than the hub holds."""
    other = signed(purpose="Another")
    (tmp_path / "f.pprl").write_bytes(sealed(content))
    with pytest.raises(MismatchError, match="under another text of the agreement"):
        opened(tmp_path / "f.pprl", other)


def test_a_file_made_under_an_agreement_that_was_renewed_is_taken(
    tmp_path: Path, content: bytes
) -> None:
    """Last year's file under this year's agreement, if the hub holds last year's too."""
    (tmp_path / "f.pprl").write_bytes(sealed(content))
    renewed = signed(expires=datetime.date(2032, 6, 30))
    with pytest.raises(MismatchError, match="If this one renews that, give that one too"):
        opened(tmp_path / "f.pprl", renewed)
    assert opened(tmp_path / "f.pprl", renewed, renews=[AGREEMENT]).records == 4
    later = datetime.date(2031, 1, 1)
    assert opened(tmp_path / "f.pprl", renewed, renews=[AGREEMENT], today=later).records == 4
    unsigned = dataclasses.replace(AGREEMENT, signatures=())
    with pytest.raises(MismatchError, match="another text"):
        opened(tmp_path / "f.pprl", renewed, renews=[unsigned])


def test_an_old_key_vouches_for_old_texts_alone(tmp_path: Path, content: bytes) -> None:
    """A key that the renewal replaced, perhaps since it was stolen, signs nothing under it."""
    new = SigningKey(b"n" * 32)
    parties = (
        dataclasses.replace(AGREEMENT.parties[0], public_key=new.public_key),
        AGREEMENT.parties[1],
    )
    unsigned = dataclasses.replace(AGREEMENT, parties=parties)
    signatures = (
        unsigned.sign("fresno", new, today=TODAY),
        unsigned.sign("reedley", KEYS["reedley"], today=TODAY),
    )
    renewed = dataclasses.replace(unsigned, signatures=signatures)
    (tmp_path / "f.pprl").write_bytes(sealed(content))
    assert opened(tmp_path / "f.pprl", renewed, renews=[AGREEMENT]).records == 4
    made = submission(renewed)
    made.write(tmp_path / "g.pprl", signing_key=KEYS["fresno"])
    with pytest.raises(MismatchError, match="another text"):
        opened(tmp_path / "g.pprl", renewed, renews=[AGREEMENT])
    made.write(tmp_path / "g.pprl", signing_key=new)
    assert opened(tmp_path / "g.pprl", renewed, renews=[AGREEMENT]).records == 4


def test_a_field_or_pass_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    """Even if its sender signed it."""
    for changed, told in (
        ({"completeness": {"zip": 1.0}}, "a field that the agreement does not declare: 'zip'"),
        (
            {"non_match_profile": {"zip\n": _profile()}},
            r"a pass that the agreement does not declare: 'zip\n'",
        ),
    ):
        assert told in refusal(sealed(plain(**changed)), tmp_path)


def _profile() -> Any:
    """An empty non-match profile."""
    return PassProfile(0, {})


def test_nothing_is_opened_that_the_agreement_does_not_allow(
    tmp_path: Path, content: bytes
) -> None:
    """Expired, or not signed by the sender; before the file is so much as looked for."""
    with pytest.raises(AgreementError, match="it ended on 2029-06-30"):
        opened(tmp_path / "none.pprl", today=datetime.date(2030, 1, 1))
    (tmp_path / "f.pprl").write_bytes(sealed(content))
    half = dataclasses.replace(AGREEMENT, signatures=AGREEMENT.signatures[1:])
    with pytest.raises(AgreementError, match="party fresno: has not signed"):
        opened(tmp_path / "f.pprl", half)


def test_a_symlink_in_the_files_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Writing never reaches through a link that somebody laid."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "f.pprl").symlink_to(tmp_path / "precious")
    submission(AGREEMENT).write(tmp_path / "f.pprl", signing_key=KEYS["fresno"])
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "f.pprl").is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    """Nor does a device keep the hub busy."""
    os.mkfifo(tmp_path / "f.pprl")
    for path in (tmp_path / "f.pprl", Path(os.devnull)):
        with pytest.raises(SubmissionError, match="no plain file"):
            opened(path)


def test_names_that_climb_are_only_names(tmp_path: Path) -> None:
    """A pass called `../../x` names no path; the agreement does not declare it."""
    made = submission(AGREEMENT)
    climbing = Submission(made.manifest, {"../../x": made.passes["birth"]})
    climbing.write(tmp_path / "f.pprl", signing_key=KEYS["fresno"])
    with pytest.raises(MismatchError, match=r"does not declare: '\.\./\.\./x'"):
        opened(tmp_path / "f.pprl")
    assert [p.name for p in tmp_path.iterdir()] == ["f.pprl"]


def test_a_disk_that_fills_up_is_told_and_nothing_is_left(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On writing and on unsealing."""

    class Full(io.BytesIO):
        """A file on a full disk."""

        def write(self, _: Any) -> int:
            """Refuse."""
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    assert "cannot be unsealed beside it (No space left" in refusal(sealed(content), tmp_path)


def test_a_disk_that_fills_up_under_sealing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the disk's own, not the age library's."""

    class Full(io.BytesIO):
        """A file on a full disk."""

        def write(self, _: Any) -> int:
            """Refuse."""
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        seal(Full(), [b"x" * (1 << 21)], HUB.recipient)
    monkeypatch.setattr(os, "fsync", lambda _: Full().write(b""))
    with pytest.raises(SubmissionError, match=r"cannot be written \(No space left"):
        submission(AGREEMENT).write(tmp_path / "f.pprl", signing_key=KEYS["fresno"])
    assert list(tmp_path.iterdir()) == []


def test_what_interrupts_sealing_is_not_taken_for_a_fault_of_it(tmp_path: Path) -> None:
    """Control-C while a part is made ends the command as it does elsewhere; no file is left."""

    def pieces() -> Iterator[bytes]:
        """A piece, then an interruption."""
        yield b"x" * 100_000
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_pieces(tmp_path / "f.pprl", pieces(), HUB.recipient)
    assert list(tmp_path.iterdir()) == []


def test_the_private_file_lies_where_temporary_files_lie_if_the_folder_is_read_only(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub may read from a folder that it cannot write to."""
    real = tempfile.TemporaryFile

    def only_elsewhere(dir: Path | None = None) -> Any:
        if dir is not None:
            raise PermissionError(13, "Permission denied")
        return real()

    (tmp_path / "f.pprl").write_bytes(sealed(content))
    monkeypatch.setattr(tempfile, "TemporaryFile", only_elsewhere)
    assert opened(tmp_path / "f.pprl").records == 4


@pytest.mark.parametrize(
    ("sequence", "content", "told"),
    [
        (2, "b" * 64, "sent submission 2 after submission 3"),
        (2, "a" * 64, "sent submission 2 after submission 3"),
        (3, "b" * 64, "sent two different submissions numbered 3"),
        (3, "a" * 64, ""),
        (4, "b" * 64, ""),
        (9, "a" * 64, ""),
    ],
)
def test_an_older_file_sent_again_is_told(sequence: int, content: str, told: str) -> None:
    """By the sequence number that was taken in before; the same file again is no replay."""
    known = (3, "a" * 64)
    if not told:
        check_newer("fresno", sequence, content, known)
        return
    with pytest.raises(MismatchError, match=told):
        check_newer("fresno", sequence, content, known)


def test_the_first_file_is_newer_than_none() -> None:
    """Whatever its number."""
    check_newer("fresno", 7, "a" * 64, (0, ""))
