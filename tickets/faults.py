"""What may be logged of an unforeseen error: its kind and where it arose. Messages can hold personal data."""

import traceback


def kind_and_place(exc: BaseException) -> dict[str, str]:
    """Fields for a log event; `place` lists the innermost frames as `file:line function`, innermost first."""
    frames = traceback.extract_tb(exc.__traceback__)[-6:]
    place = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return {"error": type(exc).__name__, "place": place}
