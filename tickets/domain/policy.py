"""What an organisation decides for itself: limits, the special lists, which channels are reviewed first. All values are
configuration; these are the documents' own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from tickets.domain.clocks import ClockRules
from tickets.domain.ticket import Category, Channel, Emergency, EmergencyLevel, Place


@dataclass(frozen=True, slots=True)
class SpecialList:
    """A special list (专项): a request is on it when a name of its category holds one of the words."""

    name: str
    words: tuple[str, ...]


SUDDEN: Final = "突发事件"
"""Sudden events: on this list too is whatever the emergency detector found."""

DEFAULT_LISTS: Final = (
    SpecialList("环境保护", ("环境保护", "环境污染")),
    SpecialList("脱贫帮扶", ("扶贫", "脱贫", "社会救助")),
    SpecialList("卫生创建", ("垃圾", "环境卫生", "公厕")),
    SpecialList("市容市貌", ("市容", "占道", "违规广告")),
    SpecialList(SUDDEN, ("突发",)),
)

REVIEWED: Final = frozenset({Channel.WEB, Channel.MAIL, Channel.OPEN311})
"""A request by one of these becomes a ticket only after review (IN-4)."""

_AREAS: Final = ("town", "street", "district", "county", "area")
"""Kinds of places that are areas of administration, nearest to the caller first."""


@dataclass(frozen=True, slots=True)
class Policy:
    rules: ClockRules = field(default_factory=ClockRules)
    special_lists: tuple[SpecialList, ...] = DEFAULT_LISTS
    review_channels: frozenset[Channel] = REVIEWED
    similar_within: timedelta = timedelta(days=30)
    """How far back a repetition of a request is looked for."""

    def special(self, category: Category, emergency: Emergency | None) -> str | None:
        """The special list that the request is on."""
        if emergency is not None and emergency.level is not EmergencyLevel.NONE:
            return SUDDEN
        names = [name for name in (category.l1, category.l2, category.problem) if name]
        for special in self.special_lists:
            if any(word in name for word in special.words for name in names):
                return special.name
        return None


def area_of(places: Iterable[Place]) -> Place | None:
    """The area of administration among the places, else the first place of any kind."""
    known = list(places)
    for kind in _AREAS:
        for place in known:
            if place.kind == kind:
                return place
    return known[0] if known else None
