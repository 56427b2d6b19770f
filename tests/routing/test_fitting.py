"""What the shipped classifier learns from: every sentence with its twins, and how it is measured."""

from dataclasses import replace

import pytest

from routing.classifier import Classifier
from routing.fitting import Example, Fitting, fit_classifier
from routing.router import DATA_DIR, Router
from routing.taxonomy import Taxonomy
from routing.text import read
from routing.training import make_examples

SENTENCES = {
    "light": ("路灯不亮", "巷子里路灯坏了", "一盏灯都不亮", "路灯一闪一闪", "桥上路灯全黑", "灯杆歪了灯不亮"),
    "pay": ("工资没有发", "老板拖欠工资", "工钱三个月没给", "讨要工资没人理", "拿不到工资", "工地欠我工钱"),
    "water": ("家里停水了", "水管爆了", "自来水发黄", "水压太小", "停水两天没水用", "水表空转"),
}
ASIDES = {"before": ["你好"], "between": ["那个"], "after": ["谢谢"]}


def examples() -> list[Example]:
    texts = [(text, label) for label, every in SENTENCES.items() for text in every]
    return [Example(read(text), label, group, original=True) for group, (text, label) in enumerate(texts)]


@pytest.mark.parametrize("words", [False, True])
def test_a_fitted_model_knows_what_it_was_taught(words: bool) -> None:
    model, report, first_level = fit_classifier(examples(), {}, Fitting(words=words, folds=3))
    classifier = Classifier(model)
    for label, texts in SENTENCES.items():
        assert all(classifier.classify(read(text)).ranked[0][0] == label for text in texts)
    assert model.vocabulary.words is words
    assert report.sentences == 18
    assert first_level == report.accuracy


def test_folds_without_twins_measure_the_same_sentences() -> None:
    told = [*examples(), *(replace(each, original=False, weight=0.5) for each in examples())]
    _, report, _ = fit_classifier(told, {}, Fitting(folds=3, twins_in_folds=False))
    _, plain, _ = fit_classifier(examples(), {}, Fitting(folds=3))
    assert (report.sentences, report.accuracy) == (plain.sentences, plain.accuracy)


def test_what_a_recogniser_made_of_a_sentence_stays_in_its_fold() -> None:
    taxonomy = Taxonomy.load(DATA_DIR)
    few = replace(taxonomy, problems=dict(list(taxonomy.problems.items())[:2]))
    sentence = next(iter(few.problems.values())).exemplars[0]
    found = list(make_examples(few, ASIDES, {sentence: ["没人手的啦机"]}))
    twin = next(each for each in found if each.utterance.raw == "没人手的啦机")
    original = next(each for each in found if each.utterance.raw == sentence and each.original)
    assert (twin.group, twin.label, twin.original) == (original.group, original.label, False)


def test_lower_readings_that_agree_are_heard(router: Router) -> None:
    alone = router.decide("奴等不量")
    helped = router.decide("奴等不量", ["路灯不亮", "路灯不量", "路灯不亮了"])
    assert "street-light" in {candidate.category.id for candidate in helped.candidates}
    share = {candidate.category.id: candidate.probability for candidate in alone.candidates}
    more = {candidate.category.id: candidate.probability for candidate in helped.candidates}
    assert more["street-light"] > share.get("street-light", 0.0)
