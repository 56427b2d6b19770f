"""Model files: what there is, what each must contain, how it is fetched and whether it is whole.

`MODELS` is the table; `fetch` installs one model as `<models_dir>/<name>/` from the first source that can be had, and
never leaves half a model there; `list_models` says what is present and sound. Nothing here is used during a call.
"""

from speech.models.errors import ModelFetchError, UnknownModel
from speech.models.fetching import FetchResult, fetch, fetch_default
from speech.models.registry import DEFAULT_SOURCES, MODELS, Model, ModelFile, Source
from speech.models.sources import Progress, ProgressCallback
from speech.models.state import ModelState, ModelStatus, list_models, state_of

__all__ = [
    "DEFAULT_SOURCES",
    "MODELS",
    "FetchResult",
    "Model",
    "ModelFetchError",
    "ModelFile",
    "ModelState",
    "ModelStatus",
    "Progress",
    "ProgressCallback",
    "Source",
    "UnknownModel",
    "fetch",
    "fetch_default",
    "list_models",
    "state_of",
]
