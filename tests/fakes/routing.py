"""Routing whose answers are written down beforehand, and builders of what it answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from routing.decision import (
    Candidate,
    Category,
    Decision,
    Emergency,
    EmergencyLevel,
    Place,
    PlaceOption,
    PlaceQuestion,
    RequestKind,
)
from routing.knowledge import Answer

GARBAGE = Category("waste", "城乡建设", "环境卫生", "垃圾清运")
LAMP = Category("lamp", "城乡建设", "市政设施", "路灯故障")
NOISE = Category("noise", "环境保护", "噪声污染", "施工噪声")
ROAD = Place("road-1", "解放路", "street", "解放路", 0.93)
WATER_BILL = Answer("water-bill", "水费每两个月收一次。", "自来水公司", "water", 0.9, "水费怎么交", date(2030, 1, 1))
WHICH_ROAD = PlaceQuestion(
    "新华路",
    (
        PlaceOption(Place("road-east", "新华路", "road", "新华路", 0.9), "town-east", "东澜街道"),
        PlaceOption(Place("road-west", "新华路", "road", "新华路", 0.9), "town-west", "西渡街道"),
    ),
)
NO_DANGER = Emergency()
CERTAIN = Emergency(EmergencyLevel.CERTAIN, "robbery", "110", "有人抢劫", ("抢劫",))
POSSIBLE = Emergency(EmergencyLevel.POSSIBLE, "fight", "110", "打架", ("打架",))


def a_decision(category: Category | None = GARBAGE, **changes: Any) -> Decision:
    """A decision that needs no place and sees no danger, unless told."""
    likeliest = tuple(Candidate(each, 0.3) for each in (GARBAGE, LAMP, NOISE))
    decision = Decision(
        text="垃圾没人清理",
        emergency=NO_DANGER,
        kind=RequestKind.COMPLAINT,
        category=category,
        candidates=likeliest,
        confidence=0.9 if category else 0.2,
        unit="城市管理局",
        unit_id="city",
        places=(),
        needs_place=False,
        level=3,
        reasons=("垃圾",),
    )
    return replace(decision, **changes)


class FakeRouting:
    """Answers by the first known phrase that the text contains; everything else is garbage collection."""

    def __init__(
        self,
        decisions: Mapping[str, Decision] | None = None,
        emergencies: Mapping[str, Emergency] | None = None,
        failure: Exception | None = None,
    ) -> None:
        self.decisions = dict(decisions or {})
        self.emergencies = dict(emergencies or {})
        self.failure = failure
        self.asked: list[str] = []

    def decide(
        self, text: str, alternatives: Sequence[str] = (), *, heard: str = "", at: datetime | None = None
    ) -> Decision:
        self.asked.append(text)
        if self.failure is not None:
            raise self.failure
        found = next((each for phrase, each in self.decisions.items() if phrase in text), a_decision())
        return replace(found, text=text, emergency=self.emergency(text).graver(self.emergency(heard)))

    def settle_place(self, question: PlaceQuestion, answer: str) -> Place | None:
        return next((each.place for each in question.options if each.within[:2] in answer), None)

    def emergency(self, text: str, alternatives: Sequence[str] = ()) -> Emergency:
        return next((each for phrase, each in self.emergencies.items() if phrase in text), NO_DANGER)


class FakeKnowledge:
    """Answers every question that contains a known phrase."""

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers = dict(answers or {})

    def answer(self, text: str, today: date, areas: Collection[str] = ()) -> Answer | None:
        return next((each for phrase, each in self.answers.items() if phrase in text), None)
