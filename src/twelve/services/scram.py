"""The verifier that Postgres stores instead of a password (RFC 5802, SCRAM-SHA-256)."""

import base64
import hashlib
import hmac

ITERATIONS = 4096
"""Postgres' own default. Our passwords are random, so no dictionary is to be slowed down."""


def verifier(password: str, salt: bytes) -> str:
    """What ``ALTER ROLE … PASSWORD`` takes in place of the password, which thus never travels.

    ``password`` is ASCII: SASLprep leaves such a one as it is. ``salt`` is 16 random bytes.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    parts = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    salt_text, stored_text, server_text = parts
    return f"SCRAM-SHA-256${ITERATIONS}:{salt_text}${stored_text}:{server_text}"
