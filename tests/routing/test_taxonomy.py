"""The data is whole, and data that is not is refused whole, with every fault named."""

import shutil
from pathlib import Path

import pytest

from routing.errors import DataError
from routing.linear import GramModel
from routing.places import Gazetteer
from routing.router import DATA_DIR, MODEL_DIR, Router
from routing.sparse import SparseModel
from routing.taxonomy import FEWEST_EXEMPLARS, FIRST_LEVELS, TAGS, Limit, LimitUnit, Route, Taxonomy
from routing.taxonomy_page import page
from routing.training import digest


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA_DIR, tmp_path / "data"))


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_every_first_level_class_has_a_problem_type() -> None:
    problems = Taxonomy.load(DATA_DIR).problems.values()
    assert {problem.category.l1 for problem in problems} == FIRST_LEVELS
    assert len(problems) >= 120
    assert all(len(problem.exemplars) >= FEWEST_EXEMPLARS for problem in problems)
    assert sum(len(problem.exemplars) for problem in problems) >= 9000


@pytest.mark.requirement("SU-6")
def test_every_problem_type_is_tagged_and_every_tag_is_used() -> None:
    tags = [problem.tags for problem in Taxonomy.load(DATA_DIR).problems.values()]
    assert {tag for found in tags for tag in found} == set(TAGS)
    assert all(tags)


@pytest.mark.requirement("DI-8")
def test_special_lists_and_limits_come_from_the_data() -> None:
    problems = Taxonomy.load(DATA_DIR).problems
    assert problems["fire-safety"].special == "sudden"
    assert problems["manhole"].sign_in == Limit(15, LimitUnit.MINUTES)
    assert str(problems["street-light"].deadline) == "5w"
    assert problems["street-vendor"].joint == ("market",)


@pytest.mark.requirement("DI-5")
def test_a_matter_for_both_goes_to_the_street_first() -> None:
    problem = Taxonomy.load(DATA_DIR).problems["construction-waste"]
    assert problem.route is Route.BOTH
    assert problem.local


def test_the_page_for_readers_is_current() -> None:
    committed = (Path(__file__).parents[2] / "docs" / "taxonomy.md").read_text(encoding="utf-8")
    assert committed == page(Taxonomy.load(DATA_DIR)), "run: python -m routing.taxonomy_page docs/taxonomy.md"


def test_no_development_sentence_is_a_training_sentence() -> None:
    trained = "\n".join(path.read_text(encoding="utf-8") for path in DATA_DIR.rglob("*.txt"))
    known = {line.strip() for line in trained.splitlines()}
    for path in (Path(__file__).parent / "data").glob("*.csv"):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            assert line.rsplit(",", 1)[0].strip('"') not in known


def test_the_committed_category_model_is_of_the_present_data() -> None:
    notes = SparseModel.load(MODEL_DIR / "classifier.npz").notes
    assert notes["data"] == digest(DATA_DIR, "categories"), "run: python -m routing.train --only categories"


def test_the_committed_model_of_kinds_is_of_the_present_data() -> None:
    notes = SparseModel.load(MODEL_DIR / "classifier-kinds.npz").notes
    assert notes["data"] == digest(DATA_DIR, "kinds"), "run: python -m routing.train --only kinds"


def test_the_committed_danger_model_is_of_the_present_data() -> None:
    notes = GramModel.load(MODEL_DIR / "emergency.npz").notes
    assert notes["data"] == digest(DATA_DIR, "danger"), "run: python -m routing.train --only danger"


def test_every_spoken_name_has_its_own_prompt_id(router: Router) -> None:
    names = list(router.spoken_names())
    assert len({prompt for prompt, _ in names}) == len(names)
    assert all(text for _, text in names)
    assert ("category/garbage", "小区垃圾清运") in names


def test_all_faults_are_listed_with_file_and_line(copy: Path) -> None:
    append(copy / "problems.csv", "garbage,无此类,其他,名,shout,nobody,sideways,noone,maybe,7,soon,0w,rare,十全\n")
    append(copy / "units.csv", "housing,又一个,department,\n")
    append(copy / "exemplars-environment.txt", "[no-such-type]\n一句话\n")
    with pytest.raises(DataError) as caught:
        Taxonomy.load(copy)
    found = [str(fault) for fault in caught.value.faults]
    names = ("shout", "nobody", "sideways", "noone", "maybe", "'7'", "soon", "0w", "rare", "十全", "no-such-type")
    for expected in ("used twice", "无此类", *names):
        assert any(expected in fault for fault in found), expected
    assert all(
        fault.file in ("problems.csv", "units.csv", "exemplars-environment.txt") and fault.line
        for fault in caught.value.faults
    )


def test_a_problem_type_without_sentences_is_refused(copy: Path) -> None:
    append(copy / "problems.csv", "silent,民政,其他,无声,help,housing,unit,,no,3,1w,5w,,\n")
    with pytest.raises(DataError, match="0 sentences"):
        Taxonomy.load(copy)


def test_a_sentence_under_two_types_is_refused(copy: Path) -> None:
    append(copy / "exemplars-environment.txt", "[small-ads]\n路灯坏了\n[cables]\n路灯坏了\n")
    with pytest.raises(DataError, match=r"again; first under") as caught:
        Taxonomy.load(copy)
    assert {fault.file for fault in caught.value.faults} == {"exemplars-environment.txt"}


def test_phrases_are_read_beside_words_and_may_be_left_out(copy: Path) -> None:
    assert len(Taxonomy.load(copy).problems["garbage"].phrases) > 50
    append(copy / "phrases.txt", "[no-such-type]\n堆成山\n")
    with pytest.raises(DataError, match=r"phrases\.txt:\d+: \[no-such-type\] is no id"):
        Taxonomy.load(copy)
    (copy / "phrases.txt").unlink()
    assert Taxonomy.load(copy).problems["garbage"].phrases == ()


def test_a_version_that_is_none_is_refused(copy: Path) -> None:
    (copy / "taxonomy.toml").write_text('version = "new"\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"taxonomy\.toml:1"):
        Taxonomy.load(copy)


def test_a_place_that_is_its_own_parent_is_refused(copy: Path) -> None:
    append(copy / "places.csv", "a1,甲地方,area,b1,,\nb1,乙地方,area,a1,,\n")
    with pytest.raises(DataError, match="own parent"):
        Gazetteer.load(copy / "places.csv", Taxonomy.load(copy).units)


def test_a_missing_or_broken_model_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"routing\.train"):
        Router.load(model_dir=tmp_path)
    (tmp_path / "classifier.npz").write_bytes(b"not a model")
    with pytest.raises(DataError, match=r"routing\.train"):
        Router.load(model_dir=tmp_path)
