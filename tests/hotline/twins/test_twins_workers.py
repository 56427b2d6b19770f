from multiprocessing import active_children

import pytest

from hotline.errors import HotlineError
from hotline.twins.takes import Take
from hotline.twins.workers import Heard, Job, listen
from tests.fakes.ears import open_backwards, open_nothing

TAKE = Take("any", 1.0, 20.0, 7)


def jobs(*texts: str) -> list[Job]:
    return [Job(row, text, (TAKE,)) for row, text in enumerate(texts)]


def test_every_sentence_is_heard_once_by_whichever_process_is_free() -> None:
    heard = sorted(listen(jobs("着火了", "漏气了", "救人啊"), open_backwards, 2), key=lambda each: each.row)
    assert heard == [
        Heard(0, (("了火着", "着火了"),)),
        Heard(1, (("了气漏", "漏气了"),)),
        Heard(2, (("啊人救", "救人啊"),)),
    ]


def test_a_process_that_dies_is_named_with_its_sentence_and_the_way_on() -> None:
    found = listen(jobs("好的", "崩"), open_backwards, 1)
    assert next(found) == Heard(0, (("的好", "好的"),))
    with pytest.raises(HotlineError, match=r"died on the sentence of row 1.*--resume"):
        next(found)


def test_a_missing_model_is_told_in_its_own_words() -> None:
    with pytest.raises(HotlineError, match="hotline models fetch"):
        list(listen(jobs("喂"), open_nothing, 1))


def test_no_sentence_needs_no_process() -> None:
    assert list(listen([], open_nothing, 4)) == []


def test_no_process_outlives_a_run_that_is_broken_off() -> None:
    found = listen(jobs("一", "二", "三"), open_backwards, 2)
    next(found)
    assert len(active_children()) == 2
    found.close()
    assert active_children() == []


def test_a_sentence_that_is_heard_in_several_takes_answers_for_each() -> None:
    assert list(listen([Job(4, "漏气", (TAKE, TAKE))], open_backwards, 1)) == [
        Heard(4, (("气漏", "漏气"), ("气漏", "漏气")))
    ]
