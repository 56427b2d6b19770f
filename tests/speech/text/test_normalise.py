import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.text.normalise import fold, fold_numerals, normalise, simplify


@pytest.mark.parametrize(
    ("heard", "wanted"),
    [
        ("垃圾 没有 人 清理", "垃圾没有人清理"),
        ("這裡的噪音太大了。", "这里的噪音太大了"),
        ("嗯，那个那个我要投诉", "我要投诉"),
        ("嗯", "嗯"),
        ("open the door", "open the door"),
        ("안녕 하세요", "안녕 하세요"),
        ("１２３４５", "12345"),
        ("  ", ""),
    ],
)
def test_words_become_what_the_product_reads(heard: str, wanted: str) -> None:
    assert normalise(heard) == wanted


@given(st.text(alphabet="嗯呃啊那个我要投訴 这裡。,abc12", max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("三十度", "30度"),
        ("二零二六年", "2026年"),
        ("幺三八", "138"),
        ("一百二十三", "123"),
        ("一千零五", "1005"),
        ("三万五千", "35000"),
        ("两亿", "200000000"),
        ("十五楼", "15楼"),
        ("三点五米", "3.5米"),
        ("百分之五十", "50%"),
        ("144亿", "14400000000"),
        ("1.5万", "15000"),
        ("一百二", "120"),
        ("三万五", "35000"),
        ("三点一刻", "3点1刻"),
        ("三栋二单元五零一", "3栋2单元501"),
        ("建设路一百一十八号", "建设路118号"),
        ("幺三八零零幺三八零零零", "13800138000"),
        ("零五七九八八六六零零幺二", "057988660012"),
    ],
)
def test_numerals_fold_to_digits(text: str, wanted: str) -> None:
    assert fold_numerals(text) == wanted


@given(st.text(alphabet="零一二三四五六七八九十百千万亿幺两点〇百分之", max_size=12))
def test_no_run_of_numerals_is_too_strange(text: str) -> None:
    fold_numerals(text)


def test_folding_makes_both_spellings_equal() -> None:
    assert fold("設定三十度。") == fold("设定30度")
    assert fold("二零二六年，1,200元") == "2026年1200元"
    assert fold("电话是138-0013-8000") == fold("电话是 138 0013 8000") == fold("电话是幺三八零零幺三八零零零")


@pytest.mark.parametrize(
    ("heard", "meant"), [("我抱著孩子", "我抱着孩子"), ("著名的著作", "著名的著作"), ("效果显著", "效果显著")]
)
def test_the_particle_is_written_as_it_is_today(heard: str, meant: str) -> None:
    assert simplify(heard) == meant
