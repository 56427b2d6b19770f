"""七有 and 五性: which needs and qualities a category speaks of (SU-6). A category may have several tags or none.

The table goes by problem, then second level, then first level of the category; the most exact entry wins. It is a
reading of the scheme and may be replaced by a region's own.
"""

from collections.abc import Mapping
from typing import Final

SEVEN: Final = ("幼有所育", "学有所教", "劳有所得", "病有所医", "老有所养", "住有所居", "弱有所扶")
FIVE: Final = ("便利性", "宜居性", "多样性", "公正性", "安全性")
TAGS: Final = (*SEVEN, *FIVE)

Tagging = Mapping[str, tuple[str, ...]]

DEFAULT: Final[Tagging] = {
    # Problems.
    "入学招生": ("学有所教", "公正性"),
    "教育收费": ("学有所教", "公正性"),
    "学校管理": ("学有所教",),
    "文体设施": ("多样性", "便利性"),
    "拖欠工资": ("劳有所得", "公正性"),
    "劳动合同纠纷": ("劳有所得", "公正性"),
    "就业和培训": ("劳有所得",),
    "医保报销": ("病有所医",),
    "养老金和退休": ("老有所养",),
    "养老服务": ("老有所养",),
    "低保和救助": ("弱有所扶",),
    "生育政策": ("幼有所育",),
    "疫苗和公共卫生": ("病有所医", "安全性"),
    "食品药品安全": ("安全性",),
    "医院服务": ("病有所医",),
    "物业服务": ("住有所居", "宜居性"),
    "楼盘延期交付": ("住有所居", "公正性"),
    "房屋质量": ("住有所居", "安全性"),
    "拆迁补偿": ("住有所居", "公正性"),
    "电梯故障": ("住有所居", "安全性"),
    "违章建筑": ("宜居性", "安全性"),
    "小区垃圾清运": ("宜居性",),
    "绿化树木": ("宜居性",),
    "占道经营": ("宜居性", "便利性"),
    "井盖破损": ("安全性",),
    "路灯不亮": ("便利性", "安全性"),
    "路面破损": ("便利性", "安全性"),
    "供水问题": ("便利性", "宜居性"),
    "燃气服务": ("便利性", "安全性"),
    "供暖问题": ("住有所居", "宜居性"),
    "停电和用电": ("便利性",),
    "公交服务": ("便利性",),
    "政务大厅服务": ("便利性",),
    "消费退费": ("公正性",),
    "旅游服务": ("多样性",),
    "惠农补贴": ("弱有所扶", "公正性"),
    # Second levels.
    "环境污染": ("宜居性",),
    "交通管理": ("便利性", "安全性"),
    "社会治安": ("安全性",),
    "法律服务": ("公正性",),
    "安全生产": ("安全性",),
    "出租车管理": ("便利性",),
    "邮政管理": ("便利性",),
    "电信": ("便利性",),
    "社会救助": ("弱有所扶",),
    "住房保障与房地产": ("住有所居",),
    # First levels.
    "教育文体": ("学有所教",),
    "劳动和社会保障": ("劳有所得",),
    "卫生计生": ("病有所医",),
    "环境保护": ("宜居性",),
    "纪检监察": ("公正性",),
    "商贸旅游": ("多样性",),
}


def tags_of(l1: str | None, l2: str | None, problem: str | None, tagging: Tagging = DEFAULT) -> tuple[str, ...]:
    """The tags of a category, empty when nothing in the table fits."""
    for name in (problem, l2, l1):
        if name is not None and name in tagging:
            return tagging[name]
    return ()
