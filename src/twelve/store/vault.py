"""The vault: values sealed with AES-256-GCM, each bound to the place it belongs to."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twelve.errors import Invalid

KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D: the recommended size, chosen at random for each value


class Vault(NamedTuple):
    """Seals and opens values with the home's master key."""

    key: bytes

    def seal(self, value: str, place: tuple[str | int, ...]) -> bytes:
        """Encrypt; the result opens only at the same place (app, deploy, kind, name, version)."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, value.encode(), _aad(place))

    def open(self, sealed: bytes, place: tuple[str | int, ...]) -> str:
        """Decrypt. Raises Invalid when the key is another one or the value was moved."""
        try:
            plain = AESGCM(self.key).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _aad(place)
            )
        except InvalidTag:
            raise Invalid(
                f"{'/'.join(map(str, place))} cannot be decrypted: it was sealed with another key",
                hint="start control with the master key of this home (TWELVE_MASTER_KEY_FILE)",
            ) from None
        return plain.decode()

    def digest(self, text: str) -> str:
        """A keyed digest: tells whether two texts are equal without saying what they are."""
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


def _aad(place: tuple[str | int, ...]) -> bytes:
    return "\0".join(map(str, place)).encode()


def load_key(environ: Mapping[str, str], home: Path) -> bytes:
    """The master key: from TWELVE_MASTER_KEY, a file it names, or one made at first start.

    Raises Invalid when what is given is not 32 bytes in base64.
    """
    if text := environ.get("TWELVE_MASTER_KEY"):
        return decode_key(text, "TWELVE_MASTER_KEY")
    if name := environ.get("TWELVE_MASTER_KEY_FILE"):
        try:
            return decode_key(Path(name).read_text(), name)
        except OSError as error:
            raise Invalid(
                f"TWELVE_MASTER_KEY_FILE: {name}: {error.strerror}",
                hint="name a file that control may read",
            ) from None
    path = home / "master.key"
    if not path.exists():
        _write_key(path)
    return decode_key(path.read_text(), str(path))


def _write_key(path: Path) -> None:
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def decode_key(text: str, source: str) -> bytes:
    """The 32 bytes of a key in base64 or hex. Raises Invalid and never repeats the text."""
    text = text.strip()
    try:
        # 64 hex digits are base64 as well, of 48 bytes.
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Invalid(
            f"{source}: not a master key", hint="32 bytes in base64 or hex: openssl rand -base64 32"
        )
    return key
