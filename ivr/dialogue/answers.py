"""Short answers, heard through a telephone: yes, no, "the first one", "a person please".

Recognition confuses homophones ("不对" comes back as "部队"), so answers are compared as toneless pinyin with the
confusions of southern Mandarin folded (zh/z, ch/c, sh/s, ng/n). Only short utterances are read as answers: in a long
one the same syllables are part of a story.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

from pypinyin import lazy_pinyin

from speech.text.sounds import nearest

_FILLERS = re.compile(r"^(?:嗯+|啊+|呃+|哦+|噢+|那个|就是)+|[啊呀吧呢嘛哦了]+$")
_NOT_WORDS = re.compile(r"[^\w]+")
_SHORT = 6
"""Characters; longer utterances are not read as a bare answer."""


class Answer(Enum):
    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


def _fold(syllable: str) -> str:
    syllable = re.sub(r"^([zcs])h", r"\1", syllable)
    return re.sub(r"ng$", "n", syllable)


def syllables(text: str) -> tuple[str, ...]:
    """Toneless pinyin of the words in `text`, folded for comparison."""
    return tuple(_fold(part) for part in lazy_pinyin(_NOT_WORDS.sub("", text).lower()))


def _set(words: str) -> frozenset[tuple[str, ...]]:
    return frozenset(syllables(word) for word in words.split())


_YES = _set(
    "对 对的 对对 对对对 是 是的 是是 没错 正确 好 好的 行 可以 要 需要 我要 我需要 就是 一 按一 有 有的 "
    "对没错 是这样 是这个 没问题 确认 要报警 报警"
)
_NO = _set(
    "不对 不是 不 不不 不行 错 错了 不是的 不是这个 不要 不需要 不用 没有 没 没有了 没了 二 按二 "
    "不对不对 不是不是 没事 没事了 不报警 不用了 不用报警 没别的"
)
_THANKS_NO = _set("谢谢 好的谢谢 没有谢谢 没有了谢谢 没了谢谢 再见 拜拜 就这些 就这样 好了")
_NO_BEFORE_MORE = re.compile(r"^(?:不对|不是|错了|不)[，,。、\s]*(?P<rest>.+)$")
_ORDINALS = {
    1: _set("一 第一 第一个 第一类 按一"),
    2: _set("二 第二 第二个 第二类 按二"),
    3: _set("三 第三 第三个 第三类 按三"),
}
_PERSON_WHOLE = _set("人工 人工服务 人工客服 人工座席 客服 接线员 真人 转人 要人工 我要人工")
_PERSON_INSIDE = _set("转人工 找人工 接人工 要人工 转接人工 叫人工 人工服务 人工客服 找接线员")
_PERSON_SURE = ("转人工", "找人工", "接人工", "转接人工", "人工客服", "人工座席", "人工坐席")
_NO_PERSON = re.compile(r"人工(?:湖|河|智能|草|费|林|降雨|增雨|呼吸|耳蜗|授精|流产)")
"""Words that begin like a person and are none."""
_PERSON_LONGEST = 14
_PERSON_SHORT = 10

SOUNDS_ALIKE: Final = 0.4
"""Distance (`speech.text.sounds`) up to which a short utterance counts as a phrase that can be said here. Commands of
five synthetic voices over a telephone line came back within 0.38; the nearest of 203 short complaints was at 0.49."""
_MARGIN = 0.05
_YES_SOUNDS = ("对", "对的", "是的", "没错", "好的", "需要")
_NO_SOUNDS = ("不对", "不是", "不是的", "不需要", "不用", "没有")
_UNSURE_SOUNDS = ("不知道", "不清楚", "不好说", "等一下", "什么", "没水", "没电", "没气")
"""Short things that are neither, though they sound like one of the two."""
_PERSON_SOUNDS = ("转人工", "我要转人工", "找人工", "人工服务", "请帮我转人工", "请帮我转人工服务")


def strip_fillers(text: str) -> str:
    """The words without leading and trailing fillers; a text of fillers alone stays as it is."""
    bare = _FILLERS.sub("", _NOT_WORDS.sub("", text))
    return bare or _NOT_WORDS.sub("", text)


def yes_or_no(text: str, alternatives: Sequence[str] = ()) -> Answer:
    """Read a confirmation. A no wins over a yes in the same words; anything longer than a short phrase is unclear.

    What says neither in so many words is compared by sound, over all readings, with what can be said here.
    """
    exact = _read_words(text)
    if exact is not Answer.UNCLEAR or len(_NOT_WORDS.sub("", text)) > _SHORT:
        return exact
    readings = [strip_fillers(each) for each in (text, *alternatives) if each]
    yes, no = nearest(readings, _YES_SOUNDS), nearest(readings, _NO_SOUNDS)
    if min(yes, no) > SOUNDS_ALIKE or abs(yes - no) < _MARGIN or nearest(readings, _UNSURE_SOUNDS) < min(yes, no):
        return Answer.UNCLEAR
    return Answer.NO if no < yes else Answer.YES


def _read_words(text: str) -> Answer:
    whole = _bare_answer(text)
    if whole is not Answer.UNCLEAR:
        return whole
    parts = {_bare_answer(part) for part in _NOT_WORDS.split(text) if part}
    if Answer.NO in parts and len(_NOT_WORDS.sub("", text)) <= _SHORT:
        return Answer.NO
    return Answer.YES if parts == {Answer.YES} else Answer.UNCLEAR


def _bare_answer(text: str) -> Answer:
    bare = strip_fillers(text)
    if not bare or len(bare) > _SHORT:
        return Answer.UNCLEAR
    spoken = syllables(bare)
    if spoken in _NO:
        return Answer.NO
    return Answer.YES if spoken in _YES else Answer.UNCLEAR


def nothing_more(text: str) -> bool:
    """The answer to "anything else?" that ends the call."""
    bare = strip_fillers(text)
    spoken = syllables(strip_fillers(bare.removesuffix("谢谢")) or bare)
    return len(bare) <= _SHORT + 2 and (spoken in _NO or spoken in _THANKS_NO or spoken[:2] == ("mei", "you"))


def correction(text: str) -> str:
    """What follows a "no" in the same breath ("不是，是路灯不亮"); empty when nothing does."""
    match = _NO_BEFORE_MORE.match(text.strip())
    rest = match["rest"].strip() if match else ""
    return rest if len(_NOT_WORDS.sub("", rest)) >= 4 else ""


def option(text: str, count: int) -> int | None:
    """Which of `count` options read out was named, from 1; None when none."""
    spoken = syllables(strip_fillers(text))
    return next((number for number, words in _ORDINALS.items() if number <= count and spoken in words), None)


def asks_for_person(text: str, alternatives: Sequence[str] = (), *, whole: bool = True) -> bool:
    """Whether the caller wants a person. With `whole` false (a partial) only unmistakable words count.

    A short utterance is also compared by sound: "转人工" comes back from a telephone line as almost anything.
    """
    bare = _NO_PERSON.sub("", strip_fillers(text))
    if any(word in bare for word in _PERSON_SURE):
        return True
    spoken = syllables(bare)
    if not whole or len(spoken) > _PERSON_LONGEST:
        return False
    if spoken in _PERSON_WHOLE:
        return True
    readings = [strip_fillers(each) for each in (text, *alternatives) if each]
    if len(bare) <= _PERSON_SHORT and nearest(readings, _PERSON_SOUNDS) <= SOUNDS_ALIKE:
        return True
    return any(
        spoken[at : at + len(words)] == words and spoken[at + len(words) : at + len(words) + 1] != ("yin",)
        for words in _PERSON_INSIDE
        for at in range(len(spoken) - len(words) + 1)
    )
