import pytest

from ivr.domain_terms import common_terms, domain_terms, example_sentences
from routing.router import Router


@pytest.fixture(scope="module")
def router() -> Router:
    return Router.load()


def test_matters_units_and_places_are_terms_by_every_name(router: Router) -> None:
    terms = set(domain_terms(router))
    assert {"医保报销", "城市管理局", "城管局", "澜湖公园", "锦澜花园小区", "停水", "残联"} <= terms


def test_words_of_everybody_are_none_although_problem_types_have_them(router: Router) -> None:
    assert not {"自己", "实际", "年龄", "公司", "七十"} & set(domain_terms(router))


def test_phrases_that_tell_a_type_are_no_terms(router: Router) -> None:
    phrases = {phrase for problem in router.taxonomy.problems.values() for phrase in problem.phrases}
    assert len(phrases - set(domain_terms(router))) > 0.99 * len(phrases) > 10_000


def test_common_terms_are_terms_of_two_characters_that_callers_use_again_and_again(router: Router) -> None:
    common = common_terms(router)
    assert common <= set(domain_terms(router))
    assert {"物业", "停水", "垃圾"} <= common
    assert all(len(term) == 2 for term in common)
    assert len(list(example_sentences(router))) > 5_000
