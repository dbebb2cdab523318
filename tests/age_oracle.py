"""A second implementation of as much of age as pprl uses (age-encryption.org/v1), and obvious."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

CHUNK = 65536
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def unsealed(sealed: bytes, identity: str) -> bytes:
    """What is sealed in an age file to one X25519 identity (`AGE-SECRET-KEY-1...`)."""
    header, _, body = sealed.partition(b"\n---")
    mac, _, payload = body[1:].partition(b"\n")
    lines = header.split(b"\n")
    assert lines[0] == b"age-encryption.org/v1"
    secret = X25519PrivateKey.from_private_bytes(bech32_bytes(identity))
    stanzas = [n for n, line in enumerate(lines) if line.startswith(b"-> X25519 ")]
    found = [unwrapped(secret, lines[n].split(b" ")[2], lines[n + 1]) for n in stanzas]
    (file_key,) = filter(None, found)
    told = hmac.digest(derived(file_key, b"", b"header"), header + b"\n---", "sha256")
    assert hmac.compare_digest(told, b64(mac))
    stream = ChaCha20Poly1305(derived(file_key, payload[:16], b"payload"))
    chunks = [payload[p : p + CHUNK + 16] for p in range(16, len(payload), CHUNK + 16)]
    return b"".join(
        stream.decrypt(nonce(number, number == len(chunks) - 1), chunk, b"")
        for number, chunk in enumerate(chunks)
    )


def unwrapped(secret: X25519PrivateKey, share: bytes, wrapped: bytes) -> bytes | None:
    """The file key in one recipient's stanza, if it is ours."""
    shared = secret.exchange(X25519PublicKey.from_public_bytes(b64(share)))
    salt = b64(share) + secret.public_key().public_bytes_raw()
    wrap_key = derived(shared, salt, b"age-encryption.org/v1/X25519")
    try:
        return ChaCha20Poly1305(wrap_key).decrypt(bytes(12), b64(wrapped), b"")
    except InvalidTag:
        return None


def locked(plain: bytes, passphrase: str, *, work: int = 4, told: int = 4) -> bytes:
    """An armored age file of one short chunk under a passphrase, of hardly any work (2^4).

    Args:
        plain: the content.
        passphrase: what unlocks it.
        work: the work that it takes.
        told: the work that it says it takes.
    """
    salt, file_key, payload_nonce = b"s" * 16, b"k" * 16, b"n" * 16
    wrap_key = Scrypt(b"age-encryption.org/v1/scrypt" + salt, 32, 2**work, 8, 1).derive(
        passphrase.encode()
    )
    stanza = b"-> scrypt " + unpadded(salt) + b" %d\n" % told
    stanza += unpadded(ChaCha20Poly1305(wrap_key).encrypt(bytes(12), file_key, b"")) + b"\n---"
    header = b"age-encryption.org/v1\n" + stanza
    mac = hmac.digest(derived(file_key, b"", b"header"), header, "sha256")
    stream = ChaCha20Poly1305(derived(file_key, payload_nonce, b"payload"))
    whole = header + b" " + unpadded(mac) + b"\n" + payload_nonce
    whole += stream.encrypt(nonce(0, True), plain, b"")
    text = base64.b64encode(whole)
    lines = [text[place : place + 64] for place in range(0, len(text), 64)]
    first, last = b"-----BEGIN AGE ENCRYPTED FILE-----", b"-----END AGE ENCRYPTED FILE-----"
    return b"\n".join([first, *lines, last, b""])


def derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256, 32 bytes."""
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def nonce(number: int, last: bool) -> bytes:
    """The nonce of a chunk: 11 bytes big-endian, and whether it is the last."""
    return number.to_bytes(11, "big") + bytes([last])


def b64(text: bytes) -> bytes:
    """Base64 without its padding."""
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)


def unpadded(content: bytes) -> bytes:
    """Base64 without its padding."""
    return base64.b64encode(content).rstrip(b"=")


def bech32_bytes(text: str) -> bytes:
    """The 32 bytes in a bech32 text (BIP 173), its checksum left unchecked."""
    digits = [LETTERS.index(letter) for letter in text.lower().rpartition("1")[2][:-6]]
    number = int("".join(f"{digit:05b}" for digit in digits)[:256], 2)
    return number.to_bytes(32, "big")


def sha256(content: bytes) -> str:
    """A digest in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
