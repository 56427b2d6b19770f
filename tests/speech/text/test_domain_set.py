"""The correction of the whole hotline's words, on texts that were recognised over a telephone."""

import csv
from pathlib import Path

import pytest

from hotline.twins.correcting import Figures, Recognised, figures, judge
from ivr.domain_terms import domain_corrector
from routing.router import Router
from speech.text.correction import Corrector

FOLDER = Path(__file__).parent / "domain"
HELD_OUT = Path(__file__).parents[2] / "routing/heldout/recognised"


@pytest.fixture(scope="module")
def router() -> Router:
    return Router.load()


@pytest.fixture(scope="module")
def corrector(router: Router) -> Corrector:
    return domain_corrector(router)


def recognised(file: Path, part: str | None = None) -> list[Recognised]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            Recognised(
                row["text"],
                tuple(filter(None, row.get("terms", "").split("|"))),
                (row["heard"], *filter(None, row["others"].split("|"))),
            )
            for row in csv.DictReader(stream)
            if part is None or row["part"] == part
        ]


def judged(corrector: Corrector, rows: list[Recognised]) -> Figures:
    return figures([judge(row, corrector.correct) for row in rows])


def test_no_sentence_is_one_the_language_was_learnt_from(router: Router) -> None:
    examples = {sentence for problem in router.taxonomy.problems.values() for sentence in problem.exemplars}
    with (FOLDER / "sentences.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) >= 300
    assert not examples & {row["text"] for row in rows}
    assert all(term in row["text"] for row in rows for term in row["terms"].split("|"))


@pytest.mark.parametrize("part", ["develop", "decide"])
def test_of_the_hotlines_words_that_were_heard_wrongly_many_are_put_right(corrector: Corrector, part: str) -> None:
    found = judged(corrector, recognised(FOLDER / "recognised.csv", part))
    assert found.wrong_after <= 0.6 * found.wrong_before
    assert found.worse <= 0.02 * found.texts
    assert found.cer_after < found.cer_before - 0.05


@pytest.mark.parametrize("name", ["categories", "emergencies", "traps", "possible"])
def test_texts_of_other_sentences_get_better_rather_than_worse(corrector: Corrector, name: str) -> None:
    found = judged(corrector, recognised(HELD_OUT / f"{name}.csv"))
    assert found.cer_after < found.cer_before
    assert found.better >= 3 * found.worse


def test_sentences_that_were_heard_rightly_stay_as_they_are(corrector: Corrector) -> None:
    rows = recognised(FOLDER / "recognised.csv")
    changed = [row.text for row in rows if corrector.correct([row.text]).changes]
    assert len(changed) <= 0.01 * len(rows), changed
