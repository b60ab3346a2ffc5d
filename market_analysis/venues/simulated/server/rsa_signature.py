"""RSA PKCS#1 v1.5 signature check with SHA-256, for self-generated API keys. Verification only; no key is made here.

The public key is read from PEM (SubjectPublicKeyInfo or PKCS#1) by a minimal DER walk: RFC 5280, RFC 8017.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_SEQUENCE, _INTEGER, _BIT_STRING = 0x30, 0x02, 0x03


def rsa_signature_matches(public_key_pem: str, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (big-endian bytes) is a PKCS#1 v1.5 SHA-256 signature of `message`.

    An unreadable public key or a signature of the wrong length is simply no match.
    """
    try:
        modulus, exponent = _public_numbers(_pem_body(public_key_pem))
    except (ValueError, IndexError, binascii.Error):
        return False
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size:
        return False
    recovered = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    tail = _SHA256_DIGEST_INFO + hashlib.sha256(message).digest()
    padding = b"\xff" * (size - len(tail) - 3)
    return hmac.compare_digest(recovered, b"\x00\x01" + padding + b"\x00" + tail)


def _pem_body(text: str) -> bytes:
    lines = [line.strip() for line in text.strip().splitlines() if not line.startswith("-----")]
    return base64.b64decode("".join(lines), validate=True)


def _public_numbers(der: bytes) -> tuple[int, int]:
    body = _expect(der, _SEQUENCE)
    if body[0] == _SEQUENCE:
        _, _, after = _read(body)
        body = _expect(_expect(body[after:], _BIT_STRING)[1:], _SEQUENCE)
    tag, modulus, after = _read(body)
    if tag != _INTEGER:
        raise ValueError("the modulus is not an integer")
    exponent = _expect(body[after:], _INTEGER)
    return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")


def _expect(der: bytes, tag: int) -> bytes:
    found, content, _ = _read(der)
    if found != tag:
        raise ValueError(f"DER tag {found:#x} where {tag:#x} was expected")
    return content


def _read(der: bytes) -> tuple[int, bytes, int]:
    """(tag, content, offset after the element) of the first DER element."""
    length, start = der[1], 2
    if length & 0x80:
        width = length & 0x7F
        length, start = int.from_bytes(der[2 : 2 + width], "big"), 2 + width
    return der[0], der[start : start + length], start + length
