"""Where clkhash's hash functions put a token: HKDF keys, keyed BLAKE2b, double hashing."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from pprl.interop.clkhash.schema import KEYS_A_FEATURE, Hashing, LinkageSchema

Positions = NDArray[np.uint32]
Hash = Callable[[Sequence[bytes], int], Positions]

_POSITIONS_A_MAC = 32


def feature_keys(schema: LinkageSchema, secret: bytes) -> list[tuple[bytes, bytes]]:
    """Two keys for each feature, ignored ones included, from the partners' secret (RFC 5869)."""
    number = KEYS_A_FEATURE * len(schema.features)
    function = hashes.SHA512() if schema.kdf_hash == "SHA512" else hashes.SHA256()
    derived = HKDF(
        algorithm=function,
        length=number * schema.key_bytes,
        salt=schema.kdf_salt,
        info=schema.kdf_info,
    ).derive(secret)
    size = schema.key_bytes
    keys = [derived[start : start + size] for start in range(0, len(derived), size)]
    return list(zip(keys[::2], keys[1::2], strict=True))


def position_hash(hashing: Hashing, keys: tuple[bytes, bytes], bits: int) -> Hash:
    """The function `(tokens, k) -> uint32[len(tokens), k]` that a feature's tokens go through.

    The positions of a token for a smaller `k` are the first ones of those for a larger.

    Args:
        hashing: the feature's.
        keys: the feature's two.
        bits: length of the unfolded filter.
    """
    if hashing.function == "blakeHash":
        return lambda tokens, k: blake_positions(tokens, k, keys[0], bits)
    step = hashing.prevent_singularity
    return lambda tokens, k: double_positions(tokens, k, keys, bits, prevent_singularity=step)


def blake_positions(tokens: Sequence[bytes], k: int, key: bytes, bits: int) -> Positions:
    """The first `k` of each token's 16-bit numbers, modulo `bits`; `uint32[len(tokens), k]`.

    BLAKE2b with the number of the block as its salt gives 32 of them a block.
    """
    blocks = -(-k // _POSITIONS_A_MAC)
    drawn = np.empty((len(tokens), blocks, _POSITIONS_A_MAC), np.uint16)
    for block in range(blocks):
        keyed = blake2b(key=key, salt=str(block).encode())
        digests = []
        for token in tokens:
            mac = keyed.copy()
            mac.update(token)
            digests.append(mac.digest())
        # clkhash reads them in the machine's own byte order.
        drawn[:, block] = np.frombuffer(b"".join(digests), np.uint16).reshape(-1, _POSITIONS_A_MAC)
    positions = drawn.reshape(len(tokens), blocks * _POSITIONS_A_MAC)[:, :k].astype(np.uint32)
    # A length beyond 16 bits leaves them as they are.
    return positions % np.uint32(min(bits, 1 << 16))


def double_positions(
    tokens: Sequence[bytes],
    k: int,
    keys: tuple[bytes, bytes],
    bits: int,
    *,
    prevent_singularity: bool,
) -> Positions:
    """`(start + i * step) % bits` for `i < k` (Schnell, Bachteler and Reiher, 2011).

    `start` is HMAC-SHA-1 of the token under the first key, `step` HMAC-MD5 under the second. With
    `prevent_singularity` a step of 0 is drawn anew, from the token and a counter.
    """
    places = np.empty((len(tokens), 2, 1), np.int64)
    for place, token in zip(places, tokens, strict=True):
        step = _residue(keys[1], token, "md5", bits)
        counter = 0
        while prevent_singularity and not step:
            step = _residue(keys[1], token + chr(counter).encode(), "md5", bits)
            counter += 1
        place[0], place[1] = _residue(keys[0], token, "sha1", bits), step
    return ((places[:, 0] + np.arange(k) * places[:, 1]) % bits).astype(np.uint32)


def _residue(key: bytes, token: bytes, function: str, bits: int) -> int:
    """HMAC of a token as one large number, modulo the filter's length."""
    return int.from_bytes(hmac.digest(key, token, function), "big") % bits
