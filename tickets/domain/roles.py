"""Who may do what. A role is a set of permissions; a token has one role."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    MACHINE = "machine"
    OPERATOR = "operator"
    UNIT = "unit"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ADMIN = "admin"
    PARTNER = "partner"
    """A civic app that files and follows requests over Open311, and nothing else."""


class Permission(StrEnum):
    CREATE = "tickets:create"
    READ = "tickets:read"
    READ_CALLER = "tickets:read-caller"
    ATTACH = "tickets:attach"
    LISTEN = "tickets:listen"
    NOTE = "tickets:note"
    METRICS = "metrics:read"
    FILE = "open311:file"
    TAXONOMY = "taxonomy:write"
    WEBHOOKS = "webhooks:manage"
    JOBS = "jobs:read"
    RETENTION = "retention:manage"
    ACCESSES = "accesses:read"
    REPORTS = "reports:read"
    MANAGE = "service:manage"
    """Directory, calendar and tokens."""


_ADMIN_ONLY: Final = frozenset(
    {
        Permission.TAXONOMY,
        Permission.WEBHOOKS,
        Permission.JOBS,
        Permission.RETENTION,
        Permission.ACCESSES,
        Permission.MANAGE,
    }
)

GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.MACHINE: frozenset(Permission) - _ADMIN_ONLY,
    Role.OPERATOR: frozenset(Permission) - _ADMIN_ONLY - {Permission.METRICS},
    Role.UNIT: frozenset({Permission.READ, Permission.NOTE, Permission.REPORTS}),
    Role.SUPERVISOR: frozenset(
        {Permission.READ, Permission.NOTE, Permission.LISTEN, Permission.ACCESSES, Permission.REPORTS}
    ),
    Role.LEADER: frozenset({Permission.READ, Permission.REPORTS}),
    Role.ADMIN: frozenset(Permission),
    Role.PARTNER: frozenset({Permission.FILE}),
}
"""The table itself. Callers' numbers and recordings are for those who speak with callers."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: the token's name (goes into the history as actor), its role, and the unit that a unit's token acts
    for."""

    name: str
    role: Role
    unit_id: str | None = None

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]


def mask_number(number: str | None) -> str | None:
    """`13800000000` as `138****0000`; short numbers lose everything but their last two digits."""
    if number is None:
        return None
    if len(number) >= 8:
        return f"{number[:3]}****{number[-4:]}"
    return f"****{number[-2:]}"
