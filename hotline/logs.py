"""Logs: one JSON line an event on standard error, and nothing about people in any of them.

Fields whose names begin with `pii_` are dropped here, in one place, whatever a caller of the logger passes (P5).
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PERSONAL_PREFIX = "pii_"


def drop_personal(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove what is about people."""
    for name in [name for name in event if name.startswith(PERSONAL_PREFIX)]:
        del event[name]
    return event


def configure(part: str, level: str) -> None:
    """Set up structlog and the standard library's logging for this process; `part` names it in each line."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        drop_personal,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(part=part)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))
