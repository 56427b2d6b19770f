import pytest

from hotline.errors import WrongUse
from hotline.twins.plan import plan
from hotline.twins.table import Table
from hotline.twins.takes import MIXED_VOICES, take_for

SMALL = Table(("text",), (("楼下着火了",), ("漏气了",)))


def test_one_take_is_a_job_a_row_without_a_new_column() -> None:
    work = plan(SMALL, MIXED_VOICES, 0)
    assert work.table == SMALL
    assert [(job.row, job.text, job.takes) for job in work.jobs(SMALL.rows)] == [
        (at, text, (take_for(text, MIXED_VOICES, 0),)) for at, (text,) in enumerate(SMALL.rows)
    ]


def test_several_takes_of_a_sentence_are_one_job() -> None:
    work = plan(SMALL, MIXED_VOICES, 0, 3)
    assert work.table.columns == ("text", "take")
    assert [(job.row, len(job.takes)) for job in work.jobs(work.table.rows)] == [(0, 3), (3, 3)]


def test_a_run_that_stopped_inside_a_sentence_goes_on_with_its_other_takes() -> None:
    work = plan(SMALL, MIXED_VOICES, 0, 3)
    first, *_ = work.jobs(work.table.rows[2:])
    assert first.takes == (work.takes["楼下着火了", "3"],)


def test_every_voice_says_every_sentence_in_rounds() -> None:
    work = plan(SMALL, ("jf_alpha", "jm_kumo"), 0, every_voice=True)
    assert work.table.rows == (
        ("楼下着火了", "jf_alpha"),
        ("漏气了", "jm_kumo"),
        ("楼下着火了", "jm_kumo"),
        ("漏气了", "jf_alpha"),
    )
    assert [take.voice for row, take in work.takes.items() if row[0] == "漏气了"] == ["jm_kumo", "jf_alpha"]
    assert len(list(work.jobs(work.table.rows))) == 4


def test_a_column_that_is_there_already_is_not_written_over() -> None:
    with pytest.raises(WrongUse, match="column take already"):
        plan(Table(("text", "take"), (("喂", "1"),)), MIXED_VOICES, 0, 2)
