"""Keeps sending what subscribers have to be told, until it is stopped."""

import asyncio

import structlog

from tickets.domain.errors import StoreUnavailable
from tickets.faults import kind_and_place
from tickets.jobs.runner import pause
from tickets.service.webhooks import Courier

log = structlog.get_logger()


async def pump(courier: Courier, poll: float, retry: float, stop: asyncio.Event) -> None:
    """Round after round; waits `poll` seconds when a round found nothing, `retry` when the store did not answer."""
    while not stop.is_set():
        sent, wait = 0, poll
        try:
            sent = await courier.deliver_due()
        except StoreUnavailable as exc:
            log.warning("webhooks_wait_for_store", code=exc.code)
            wait = retry
        except ExceptionGroup as failed:
            # One delivery's fault must not stop the others; its lease runs out and it is tried again.
            for each in failed.exceptions:
                log.error("webhook_round_failed", **kind_and_place(each))
        if not sent:
            await pause(stop, wait)
