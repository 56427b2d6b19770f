"""Bearer tokens: `hlt_<id>_<secret>`, 256 random bits. The store keeps SHA-256 digests only.

A plain digest is right here because the secret has full entropy; slow hashes are for passwords. Comparing takes the
same time whether the id is known or not. A token file must be readable by its owner alone (F98), and nothing shorter or
better known than what `mint` makes is taken from one (F80).
"""

import asyncio
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from tickets.domain.errors import TicketError
from tickets.domain.roles import Principal, Role
from tickets.ports import Clock, StoredToken, TokenStore

_SHAPE: Final = re.compile(r"hlt_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODY: Final = "0" * 64
_LEAST_VARIETY: Final = 12
"""A random secret of 43 characters has some 30 different ones; a typed default ("changeme…", "0000…") has few."""
_CACHE_SIZE: Final = 1024


class TokenFileError(TicketError):
    code = "token_file"
    title = "A token file cannot be used"


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token; `text` is shown once and never kept by the service."""

    text: str
    stored: StoredToken


class Tokens:
    """Mints, adopts and checks tokens. Positive look-ups are remembered for `cache_seconds`."""

    def __init__(self, store: TokenStore, clock: Clock, cache_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._cache: dict[str, tuple[float, StoredToken]] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def mint(
        self, name: str, role: Role, lifetime: timedelta | None = None, unit_id: str | None = None
    ) -> Minted:
        """A token that is valid for `lifetime`, or until it is revoked; `unit_id` is the unit that it acts for."""
        text = new_token()
        stored = replace(_stored(text, name, role, self._clock), unit_id=unit_id)
        if lifetime is not None:
            # An end that is known beforehand is a revocation that is already written down.
            stored = replace(stored, revoked_at=stored.created_at + lifetime)
        await self._store.put_token(stored)
        return Minted(text, stored)

    async def all(self) -> list[StoredToken]:
        return await self._store.tokens()

    async def revoke(self, token_id: str) -> StoredToken | None:
        """Ends the token; None when there is none. It is refused as soon as it is no longer remembered."""
        token = await self._store.token(token_id)
        if token is None:
            return None
        now = self._clock.now()
        revoked = replace(token, revoked_at=min(token.revoked_at or now, now))
        await self._store.put_token(revoked)
        self._cache.pop(token_id, None)
        return revoked

    async def adopt(self, path: Path, role: Role) -> None:
        """Makes the file's token valid for `role`. Raises TokenFileError when the file is no safe token file."""
        await self._store.put_token(_stored(read_token(path), role.value, role, self._clock))

    async def principal(self, presented: str) -> Principal | None:
        """Who presents this token, or None."""
        match = _SHAPE.fullmatch(presented)
        token = await self._find(match.group(1)) if match else None
        expected = token.digest if token else _NOBODY
        same = hmac.compare_digest(_digest(presented), expected)
        if not same or token is None or _ended(token, self._clock):
            return None
        return Principal(token.name, token.role, token.unit_id)

    async def _find(self, token_id: str) -> StoredToken | None:
        known = self._remembered(token_id)
        if known is not None:
            return known
        # One asks the store; the others who come with the same token in that moment wait for the same answer.
        async with self._asking.setdefault(token_id, asyncio.Lock()):
            known = self._remembered(token_id)
            if known is not None:
                return known
            try:
                token = await self._store.token(token_id)
            finally:
                self._asking.pop(token_id, None)
            if token is None:
                self._cache.pop(token_id, None)
                return None
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[token_id] = (self._clock.monotonic(), token)
            return token

    def _remembered(self, token_id: str) -> StoredToken | None:
        known = self._cache.get(token_id)
        return known[1] if known is not None and self._clock.monotonic() - known[0] < self._cache_seconds else None


def account_of(presented: str) -> str | None:
    """The id in a text that looks like a token, whoever it may come from; None for any other text."""
    match = _SHAPE.fullmatch(presented)
    return match.group(1) if match else None


def _ended(token: StoredToken, clock: Clock) -> bool:
    return token.revoked_at is not None and token.revoked_at <= clock.now()


def new_token() -> str:
    return f"hlt_{secrets.token_hex(8)}_{secrets.token_urlsafe(32)}"


def ensure_machine_token(path: Path) -> str:
    """The token in the file; makes the file, mode 0600, when it is not there. Raises TokenFileError.

    Safe when two processes start at once: the file appears whole or not at all, and the first one wins.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(new_token() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return read_token(path)


def read_token(path: Path) -> str:
    """The token in a file. Raises TokenFileError that says what is wrong with the file, never what is in it."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise TokenFileError(f"the token file {path.name} cannot be read: {type(exc).__name__}") from exc
    if mode & 0o077:
        raise TokenFileError(f"the token file {path.name} has mode {mode:04o}; expected 0600: run chmod 600 on it")
    match = _SHAPE.fullmatch(text)
    if match is None or len(set(match.group(2))) < _LEAST_VARIETY:
        raise TokenFileError(
            f"the token file {path.name} holds no token that this service makes; remove it and start again"
        )
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _stored(text: str, name: str, role: Role, clock: Clock) -> StoredToken:
    return StoredToken(text.split("_")[1], name, role, _digest(text), clock.now())
