"""Chinese numerals and figures, both ways: 一百二十八, 幺二八 and 128 are one house number.

Two spoken forms are read: by place value (一百二十八, 两千零五, 一百二) and digit by digit (五零一, 幺二八). What is
neither is no number: None, never a guess.
"""

from typing import Final

DIGITS: Final = {
    char: value for value, chars in enumerate(("零〇", "一幺", "二两", *"三四五六七八九")) for char in chars
}
PLACES: Final = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_PLAIN: Final = "零一二三四五六七八九"
_LARGEST: Final = 99_999


def value(said: str) -> int | None:
    """The number of a numeral or of figures, 0 to 99,999; None for anything else."""
    if said.isascii() and said.isdigit():
        number = int(said) if len(said) <= len(str(_LARGEST)) else _LARGEST + 1
        return number if number <= _LARGEST else None
    if said and all(char in DIGITS for char in said):
        return value("".join(str(DIGITS[char]) for char in said))
    return _by_place(said)


def words(number: int) -> str:
    """The numeral by place value: 128 is 一百二十八, 12 is 十二. Raises ValueError outside 0 to 99,999."""
    if not 0 <= number <= _LARGEST:
        raise ValueError(f"expected a number from 0 to {_LARGEST}, got {number}")
    if number < 10:
        return _PLAIN[number]
    said, gap = "", False
    for name, size in (("万", 10_000), ("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit, number = divmod(number, size)
        if digit:
            said += ("零" if gap and said else "") + _PLAIN[digit] + name
            gap = False
        else:
            gap = True
    return said.removeprefix("一") if said.startswith("一十") else said


def digit_words(figures: str) -> str:
    """Figures one by one, as rooms are read: 501 is 五零一; other characters stay."""
    return "".join(_PLAIN[int(char)] if char.isascii() and char.isdigit() else char for char in figures)


def _by_place(said: str) -> int | None:
    """Place values must fall from left to right; a last digit without one means the next place (一百二 is 120)."""
    total, digit, smallest, zero = 0, None, _LARGEST, False
    for char in said:
        if char in PLACES:
            size = PLACES[char]
            if size >= smallest or (digit is None and not (size == 10 and total == 0)) or digit == 0:
                return None
            total += (1 if digit is None else digit) * size
            smallest, digit, zero = size, None, False
        elif char in DIGITS and digit is None:
            if DIGITS[char] == 0:
                zero = True
            else:
                digit = DIGITS[char]
        else:
            return None
    if digit is None:
        return total if said and smallest < _LARGEST and not zero else None
    if smallest == _LARGEST:
        return digit
    return total + (digit if zero or smallest == 10 else digit * smallest // 10)
