"""Whether the words so far sound finished: what the endpointer asks while the caller pauses. Pure text, no state.

The endings were counted over sentences of callers cut at every word: one is `OPEN` when the sentence nearly always goes
on after it (98 % and more), `DONE` when it mostly ends there. Whatever lies between is `PLAIN`, and most texts do: the
words alone decide a minority of pauses, so the lists aim at being right where they speak.
"""

import re
from collections.abc import Collection
from enum import Enum, auto
from typing import Final

__all__ = ["Wording", "wording"]


class Wording(Enum):
    """How a text ends: asks for more, does not tell, or is complete."""

    OPEN = auto()
    PLAIN = auto()
    DONE = auto()


_JOINS: Final = (
    *("因为", "所以", "然后", "就是", "还有", "但是", "而且", "如果", "或者", "以及", "并且", "不过", "可是", "由于"),
    *("虽然", "比如", "另外", "关于", "那么", "还是", "说是", "对于", "根据", "按照", "的话", "的时候", "时候"),
    *("这个", "那个", "三个", "两个", "我们", "他们", "你们", "我家", "说我", "把我", "让我", "了我"),
    *("我想", "我要", "怎么", "不能", "能不能", "可不可以", "什么时候", "一直", "天天", "村里", "里的", "上的"),
    *("地址是", "电话是", "号码是", "位于", "靠近", "嗯", "呃"),
    *("和", "跟", "与", "从", "把", "被", "让", "在", "的", "是", "能", "都", "就", "得", "想", "也", "又", "才", "找"),
    *("那", "这", "一"),
)
_ENDS: Final = (
    *("吗", "怎么办", "怎么弄", "怎么补", "怎么申请", "怎么办理", "多少钱", "什么材料", "哪里办", "行不行", "对不对"),
    *(
        "没人管",
        "过不去",
        "谢谢",
        "谢谢你",
        "谢谢您",
        "谢谢你们",
        "再见",
        "拜拜",
        "就这样",
        "就这些",
        "没有了",
        "说完了",
    ),
)
_ANSWERS: Final = frozenset(
    {
        *("对", "对的", "对对", "是", "是的", "是啊", "嗯", "嗯嗯", "好", "好的", "行", "可以", "没错", "正确", "需要"),
        *("不", "不对", "不是", "不是的", "不行", "不用", "不用了", "不需要", "不要", "没有", "没有了", "错了", "人工"),
        *("转人工", "重复", "再说一遍", "救命", "着火了"),
    }
)
"""Whole utterances that answer a question of the dialogue, whichever was asked."""

_DIGIT: Final = r"[0-9〇零一二三四五六七八九幺两]"
_SEVEN_UP: Final = rf"{_DIGIT}{{7,}}"
_HALF_MOBILE: Final = re.compile(rf"(?<!{_DIGIT})[1一幺][3-9三四五六七八九]{_DIGIT}{{0,8}}$")
_MOBILE: Final = re.compile(rf"(?<!{_DIGIT})[1一幺][3-9三四五六七八九]{_DIGIT}{{9}}$")
_HALF_NUMBER: Final = re.compile(rf"(?:电话|手机|号码)(?:号|号码)?(?:是|为)?(?!{_SEVEN_UP}){_DIGIT}{{1,6}}$")
_LANDLINE: Final = re.compile(rf"(?:(?:电话|号码)(?:是|为)?|[0零]{_DIGIT}{{2,3}}){_DIGIT}{{7,8}}$")
_BETWEEN: Final = re.compile(r"[\s，,、。．.…!！?？；;\-—]+")


def wording(text: str, answers: Collection[str] = ()) -> Wording:
    """How `text` ends. `answers` are whole utterances that the dialogue can use as they are, such as the options read
    out; a telephone number counts as finished when it has all its digits.
    """
    text = _BETWEEN.sub("", text)
    if text in _ANSWERS or text in answers:
        return Wording.DONE
    if _MOBILE.search(text) or _LANDLINE.search(text):
        return Wording.DONE
    if _HALF_MOBILE.search(text) or _HALF_NUMBER.search(text) or text.endswith(_JOINS):
        return Wording.OPEN
    return Wording.DONE if text.endswith(_ENDS) else Wording.PLAIN
