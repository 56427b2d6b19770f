"""For every test: properties are checked by examples, never by how fast a busy machine runs one of them; and logging is
as it was, for a command line that runs inside a test sets it up for a stream that is closed with that test.
"""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# The same examples in every run, so that a red run is a change's doing; `HOTLINE_EXPLORE=1` looks for new ones.
settings.register_profile("project", deadline=None, derandomize="HOTLINE_EXPLORE" not in os.environ)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def logging_is_left_as_found() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)
