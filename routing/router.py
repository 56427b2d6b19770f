"""The face of routing: one object, immutable after `load`, from a caller's words to a decision with its reasons."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from routing.assignment import Assignment
from routing.classifier import Classifier, Verdict
from routing.decision import Candidate, Category, Decision, Emergency, EmergencyLevel, Place, PlaceQuestion
from routing.emergency import EmergencyDetector
from routing.kinds import Kinds
from routing.places import Gazetteer
from routing.policy import Calendar, Load, Policy, Request
from routing.taxonomy import Taxonomy
from routing.text import read

DATA_DIR: Final = Path(__file__).parent / "data"
MODEL_DIR: Final = Path(__file__).parent / "model"
LONGEST_INPUT: Final = 20_000
LONGEST_OTHER: Final = 400
"""Characters of a lower reading that a category is looked for in."""


class Router:
    def __init__(
        self,
        taxonomy: Taxonomy,
        classifier: Classifier,
        kinds: Kinds,
        detector: EmergencyDetector,
        gazetteer: Gazetteer,
        policy: Policy,
    ) -> None:
        self.taxonomy = taxonomy
        self._classifier = classifier
        self._kinds = kinds
        self._detector = detector
        self._gazetteer = gazetteer
        self._policy = policy

    @classmethod
    def load(
        cls, data_dir: Path | None = None, model_dir: Path | None = None, *, classifier: Path | None = None
    ) -> "Router":
        """Reads everything, once. Raises `routing.errors.DataError` naming every fault by file and line.

        `classifier` is an organisation's own category model (`hotline route train`) in place of the shipped one.
        """
        data, model = data_dir or DATA_DIR, model_dir or MODEL_DIR
        taxonomy = Taxonomy.load(data)
        return cls(
            taxonomy,
            Classifier.load(classifier or model / "classifier.npz"),
            Kinds.load(data, model),
            EmergencyDetector.load(data, model),
            Gazetteer.load(data / "places.csv", taxonomy.units),
            Policy.load(data / "policy.toml", taxonomy),
        )

    def decide(
        self,
        text: str,
        alternatives: Sequence[str] = (),
        *,
        heard: str = "",
        at: datetime | None = None,
        calendar: Calendar | None = None,
        load: Load | None = None,
    ) -> Decision:
        """Any text gives a decision; only the first 20,000 characters are read.

        `heard` is what `text` was before it was corrected towards everyday matters. Danger is looked for in both, in
        each as in a best reading: a correction must not talk anybody out of it.
        `at` (aware) opens what depends on the hour, by the calendar or else by the policy's own office hours; `load`
        is asked only between units that are equally right.
        """
        text = text[:LONGEST_INPUT]
        utterance = read(text)
        others = [other[:LONGEST_INPUT] for other in alternatives]
        emergency = self._detector.check(text, others, utterance=utterance, ended=True)
        if heard and heard != text:
            emergency = emergency.graver(self._detector.check(heard[:LONGEST_INPUT], ended=True))
        verdict = self._classifier.classify(utterance, [read(other[:LONGEST_OTHER]) for other in others])
        problem = self.taxonomy.problems.get(verdict.label or "")
        places = self._gazetteer.find(utterance)
        kind, phrase = self._kinds.decide(utterance, problem.kind if problem else None)
        request = Request.about(
            problem,
            kind,
            streets=self._gazetteer.units_of(places),
            equal_streets=self._gazetteer.on_a_border(places),
            endangered=emergency.level is not EmergencyLevel.NONE,
            words=utterance.chars,
            at=at,
        )
        assignment = self._policy.assign(request, calendar, load)
        main = self.taxonomy.units.get(assignment.main)
        return Decision(
            text=text,
            emergency=emergency,
            kind=kind,
            category=self._category(verdict.label) if verdict.label else None,
            candidates=tuple(Candidate(self._category(label), share) for label, share in verdict.ranked),
            confidence=verdict.ranked[0][1],
            unit=main.name if main else "",
            unit_id=assignment.main,
            places=places,
            needs_place=bool(problem and problem.needs_place and not places),
            level=assignment.level,
            reasons=_reasons(verdict, phrase, assignment, places),
            place_question=self._gazetteer.question(places),
            assignment=assignment,
        )

    def emergency(self, text: str, alternatives: Sequence[str] = ()) -> Emergency:
        """The detector alone, for partial results: under a millisecond."""
        return self._detector.check(text[:LONGEST_INPUT], [other[:LONGEST_INPUT] for other in alternatives])

    def find_places(self, text: str) -> tuple[Place, ...]:
        """For the answer to "where?"."""
        return self._gazetteer.find(read(text[:LONGEST_INPUT]))

    def settle_place(self, question: PlaceQuestion, answer: str) -> Place | None:
        """Which of several places of one name the caller's answer means; None if it names not just one of them."""
        return self._gazetteer.settle(question, read(answer[:LONGEST_INPUT]))

    def spoken_names(self) -> Iterator[tuple[str, str]]:
        """Prompt id and text of every name a caller may hear."""
        for name, problem in self.taxonomy.problems.items():
            yield f"category/{name}", problem.category.problem
        for name, unit in self.taxonomy.units.items():
            yield f"unit/{name}", unit.name
        for name, entry in self._gazetteer.entries.items():
            yield f"place/{name}", entry.name

    def _category(self, label: str) -> Category:
        """A retrained model may have labels of its own: those stand as first level and problem name alike."""
        problem = self.taxonomy.problems.get(label)
        return problem.category if problem else Category(label, label, "", label)


def _reasons(verdict: Verdict, phrase: str, assignment: Assignment, places: tuple[Place, ...]) -> tuple[str, ...]:
    reasons: list[str] = []
    if verdict.label and verdict.words:
        reasons.append("提到：" + "、".join(verdict.words))
    elif not verdict.label:
        reasons.append("把握不足，需要再问")
    if phrase:
        reasons.append(f"诉求类型依据：{phrase}")
    reasons += assignment.reasons
    reasons += [f"地点：{place.text}" for place in places[:2]]
    return tuple(reasons)
