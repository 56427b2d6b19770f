"""What apps send: forms and queries, checked by hand, because the specification has words of its own for every fault.

A parameter that is empty counts as not sent. What is not understood is passed over, as the specification leaves room
for; what is needed and wrong is refused with 400 and a sentence.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from tickets.domain.errors import TicketError
from tickets.service.filing import FiledQuery, Filing, Reporter
from tickets.service.taxonomy import Service

MOST_FIELDS: Final = 100
LONGEST_DESCRIPTION: Final = 4000
MOST_AT_ONCE: Final = 1000
RANGE: Final = timedelta(days=90)
PLACE_DETAIL: Final = "place_detail"

_LENGTHS: Final = {
    "first_name": 64,
    "last_name": 64,
    "phone": 32,
    "email": 254,
    "device_id": 128,
    "account_id": 128,
    "address_string": 512,
    "address_id": 128,
    "media_url": 2048,
}
_NUMBER: Final = re.compile(r"[0-9]{12}", re.ASCII)
_PHONE: Final = re.compile(r"[0-9+() -]{3,32}", re.ASCII)
_DEGREES: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,15})?", re.ASCII)
_WEB: Final = re.compile(r"https?://[^\s<>\"']{1,2040}", re.ASCII)
_ATTRIBUTE: Final = re.compile(r"attribute\[([A-Za-z0-9_.-]{1,64})\](\[\])?", re.ASCII)


class Refusal(TicketError):
    """`status` is both the HTTP status and the error's code."""

    code = "open311_refused"

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


Fields = Mapping[str, str]


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a form body; of a name that comes again the last counts, lists are joined with a comma."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as exc:
        raise Refusal(400, f"the form could not be read: URL-encoded UTF-8, at most {MOST_FIELDS} fields") from exc
    fields: dict[str, str] = {}
    for name, value in pairs:
        if "\x00" in value or "\x00" in name:
            raise Refusal(400, "a field holds a NUL character")
        fields[name] = f"{fields[name]}, {value}" if name.endswith("[]") and name in fields else value
    return fields


def filing(fields: Fields, service: Service, key: str | None) -> Filing:
    """Raises Refusal for the first fault."""
    description = fields.get("description", "").strip()
    if len(description) > LONGEST_DESCRIPTION:
        raise Refusal(400, f"description may have {LONGEST_DESCRIPTION} characters; it has {len(description)}")
    for name, most in _LENGTHS.items():
        if len(fields.get(name, "")) > most:
            raise Refusal(400, f"{name} may have {most} characters")
    return Filing(service, description, _reporter(fields), _attributes(fields, service), key)


def filed_query(fields: Fields, now: datetime) -> FiledQuery:
    """Raises Refusal."""
    numbers = _list(fields, "service_request_id")
    if numbers:
        if len(numbers) > MOST_AT_ONCE:
            raise Refusal(400, f"ask for at most {MOST_AT_ONCE} requests at once")
        known = tuple(each for each in numbers if _NUMBER.fullmatch(each))
        return FiledQuery(numbers=known or ("",))
    start, end = _range(fields, now)
    size = _whole(fields, "page_size", 1, MOST_AT_ONCE, 100)
    page = _whole(fields, "page", 1, 10_000, 1)
    return FiledQuery(
        service_codes=_list(fields, "service_code"),
        finished=_finished(fields),
        taken_from=start,
        taken_to=end,
        limit=size,
        offset=(page - 1) * size,
    )


def _reporter(fields: Fields) -> Reporter:
    lat, long = _degrees(fields, "lat", 90), _degrees(fields, "long", 180)
    address, address_id = fields.get("address_string") or None, fields.get("address_id") or None
    if (lat is None) != (long is None):
        raise Refusal(400, "lat and long belong together; one of them was not provided")
    if lat is None and address is None and address_id is None:
        raise Refusal(400, "no location was provided: send lat and long, or address_string, or address_id")
    phone = fields.get("phone") or None
    if phone is not None and not _PHONE.fullmatch(phone):
        raise Refusal(400, "phone has characters that no telephone number has")
    media = fields.get("media_url") or None
    if media is not None and not _WEB.fullmatch(media):
        raise Refusal(400, "media_url is not an http or https address")
    return Reporter(
        first_name=fields.get("first_name") or None,
        last_name=fields.get("last_name") or None,
        phone=re.sub(r"[() -]", "", phone) if phone else None,
        email=fields.get("email") or None,
        device_id=fields.get("device_id") or None,
        account_id=fields.get("account_id") or None,
        address=address,
        address_id=address_id,
        lat=lat,
        long=long,
        media_url=media,
    )


def _attributes(fields: Fields, service: Service) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name, value in fields.items():
        match = _ATTRIBUTE.fullmatch(name)
        if match is None or not value:
            continue
        if match[1] != PLACE_DETAIL or not service.needs_place:
            raise Refusal(400, f"{service.code} has no attribute {match[1]}")
        if len(value) > 512:
            raise Refusal(400, f"attribute {match[1]} may have 512 characters")
        found.append(("具体位置", value))
    return tuple(found)


def _degrees(fields: Fields, name: str, most: int) -> float | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    if not _DEGREES.fullmatch(text) or abs(float(text)) > most:
        raise Refusal(400, f"{name} must be degrees from -{most} to {most}")
    return float(text)


def _range(fields: Fields, now: datetime) -> tuple[datetime, datetime]:
    start, end = _moment(fields, "start_date"), _moment(fields, "end_date")
    if end is None:
        end = now if start is None else min(now, start + RANGE)
    if start is None:
        start = end - RANGE
    if end < start:
        raise Refusal(400, "end_date lies before start_date")
    if end - start > RANGE:
        raise Refusal(400, "start_date and end_date may not span more than 90 days")
    return start, end


def _moment(fields: Fields, name: str) -> datetime | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    # A plus sign that an app forgot to encode arrives as a blank.
    spelled = re.sub(r" (\d\d:?\d\d)$", r"+\1", text)
    try:
        moment = datetime.fromisoformat(spelled)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
        return moment if 1970 < moment.year < 9000 else _out_of_range(name)
    except (ValueError, OverflowError) as exc:
        raise Refusal(400, f"{name} must be a time such as 2010-01-01T00:00:00Z") from exc


def _out_of_range(name: str) -> datetime:
    raise Refusal(400, f"{name} lies too far away")


def _finished(fields: Fields) -> bool | None:
    wanted = set(_list(fields, "status"))
    if wanted - {"open", "closed"}:
        raise Refusal(400, "status is open, closed, or both with a comma between")
    return None if len(wanted) != 1 else wanted == {"closed"}


def _whole(fields: Fields, name: str, least: int, most: int, usual: int) -> int:
    text = fields.get(name, "").strip()
    if not text:
        return usual
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or not least <= int(text) <= most:
        raise Refusal(400, f"{name} must be a number from {least} to {most}")
    return int(text)


def _list(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in fields.get(name, "").split(",") if part.strip())
