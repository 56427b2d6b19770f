"""What the caller wants of the hotline: complaint, enquiry, help, report, suggestion or praise.

Phrases that state it outright decide; otherwise the problem type's usual kind, unless a question form turns a
complaint's matter into an enquiry. No model: six kinds with clear phrases do not need one, and this can be read.
"""

from routing.decision import RequestKind

_STATED: tuple[tuple[RequestKind, tuple[str, ...]], ...] = (
    (RequestKind.PRAISE, ("表扬", "点赞", "锦旗", "点个赞", "好人好事", "我很满意", "要感谢", "非常感谢他", "感谢你们解决")),
    (RequestKind.REPORT, ("我要举报", "举报", "线索", "报修", "报一下故障")),
    (RequestKind.COMPLAINT, ("投诉", "太不像话", "不作为", "给个说法", "管不管", "没人管", "没有人管", "受不了", "推诿")),
    (RequestKind.SUGGESTION, ("建议", "提个意见", "希望增加", "希望能增加", "最好能", "能不能增加", "能不能改", "可不可以考虑")),
    (RequestKind.HELP, ("求助", "帮帮我", "帮帮忙", "求求你", "求你们", "救济", "实在没办法", "帮我找")),
    (RequestKind.ENQUIRY, ("咨询", "请问", "想问一下", "问一下", "想问问", "打听")),
)
_QUESTION = (
    *("怎么办理", "怎么申请", "要什么材料", "需要什么", "在哪里", "在哪办", "多少钱", "几点", "什么条件", "电话是多少"),
    *("能报多少", "怎么报销", "怎么交", "怎么补", "怎么领", "怎么转", "标准是多少", "怎么开", "要带什么", "怎么预约"),
)
_FAULT = ("坏了", "没有人", "没人", "一直", "不给", "好几天", "还没", "不发", "太", "拖欠", "堵")


def kind_of(chars: str, usual: RequestKind | None) -> tuple[RequestKind, str]:
    """The kind and the phrase that decided (empty when it is the category's usual kind). `chars` as `text.read` gives."""
    found = [(kind, phrase) for kind, phrases in _STATED for phrase in phrases if phrase in chars]
    question = next((phrase for phrase in _QUESTION if phrase in chars), "")
    fault = any(word in chars for word in _FAULT)
    for kind, phrase in found:
        # "我想咨询一下，垃圾没人管" is a complaint in a polite coat.
        if kind is RequestKind.ENQUIRY and fault and not question and usual is not RequestKind.ENQUIRY:
            continue
        return kind, phrase
    if question and (not fault or usual is None):
        return RequestKind.ENQUIRY, question
    return usual or (RequestKind.COMPLAINT if fault else RequestKind.ENQUIRY), ""
