"""Digest authentication for a SIP client: MD5, with and without qop=auth.

`answer` replies to a 401 or 407 as RFC 2617 section 3.2.2 computes it (RFC 7616 keeps the same formula; only MD5 is
offered by Asterisk's `res_pjsip_authenticator_digest.c` unless configured otherwise). Pure functions; the client nonce
is an argument.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final, Self

_FIELD: Final = re.compile(r'\s*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')


class DigestError(ValueError):
    """A challenge that cannot be answered: not Digest, no nonce, or an algorithm or qop other than MD5 and auth."""


def parse_fields(value: str) -> dict[str, str]:
    """The fields of `Digest a="b", c=d`, keys in lower case. Raises DigestError."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise DigestError(f"expected a Digest challenge, got {scheme[:20]!r}")
    fields: dict[str, str] = {}
    position = 0
    while position < len(rest):
        match = _FIELD.match(rest, position)
        if match is None or match.end() == position:
            raise DigestError(f"expected name=value pairs, got {rest[position : position + 40]!r}")
        quoted, plain = match.group(2), match.group(3)
        fields[match.group(1).lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        position = match.end()
    return fields


@dataclass(frozen=True, slots=True)
class Challenge:
    realm: str
    nonce: str
    opaque: str | None
    auth_qop: bool

    @classmethod
    def parse(cls, value: str) -> Self:
        fields = parse_fields(value)
        algorithm = fields.get("algorithm", "MD5")
        if algorithm.upper() != "MD5":
            raise DigestError(f"expected the algorithm MD5, got {algorithm[:20]!r}")
        qops = {item.strip().lower() for item in fields.get("qop", "").split(",") if item.strip()}
        if qops and "auth" not in qops:
            raise DigestError(f"expected qop auth, got {fields['qop'][:20]!r}")
        if not fields.get("nonce"):
            raise DigestError("expected a nonce, got none")
        return cls(fields.get("realm", ""), fields["nonce"], fields.get("opaque"), bool(qops))


def answer(challenge: Challenge, *, user: str, password: str, method: str, uri: str, cnonce: str | None = None) -> str:
    """The value of Authorization or Proxy-Authorization for one request; the nonce count is always 1."""
    fields = [("username", user), ("realm", challenge.realm), ("nonce", challenge.nonce), ("uri", uri)]
    cnonce = cnonce or secrets.token_hex(8)
    qop = f"00000001:{cnonce}:auth:" if challenge.auth_qop else ""
    secret = _md5(f"{user}:{challenge.realm}:{password}")
    fields.append(("response", _md5(f"{secret}:{challenge.nonce}:{qop}{_md5(f'{method}:{uri}')}")))
    if challenge.opaque is not None:
        fields.append(("opaque", challenge.opaque))
    text = ", ".join(f'{key}="{_quote(value)}"' for key, value in fields) + ", algorithm=MD5"
    return f"Digest {text}" + (f', qop=auth, nc=00000001, cnonce="{cnonce}"' if challenge.auth_qop else "")


def _quote(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)


def _md5(text: str) -> str:
    """MD5 because RFC 2617 says so; it protects nothing beyond this exchange."""
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
