"""What a dialogue asks of the call. Actions are carried out in order; none of them blocks the dialogue."""

from dataclasses import dataclass

from ivr.dialogue.request import Completeness, Request
from ivr.names import Action as Handover
from speech.ports import Bias


@dataclass(frozen=True, slots=True)
class Say:
    """Queue prompts by id. With `barge_in` the caller's voice cuts them; a key always does."""

    prompts: tuple[str, ...]
    barge_in: bool = True


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop what is being said, at once."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Take the next utterance. `bias` says what can be said here."""

    bias: Bias | None = None


@dataclass(frozen=True, slots=True)
class ExpectSpeech:
    """From now the caller has this many seconds to begin; then `NothingSaid`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class FinishUtterance:
    """The caller says they are done (`#`)."""


@dataclass(frozen=True, slots=True)
class Save:
    """Write the request down; answered by `Saved` or `SaveFailed` while the dialogue lives."""

    request: Request
    completeness: Completeness
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decide:
    """Decide about these words; answered by `Decided`."""

    text: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell the operators now. `kind` is a short word, never the caller's text."""

    kind: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Hand the caller over to the dialplan. The last action of a dialogue."""

    handover: Handover
    target: str = ""
    note: str = ""


Action = Say | Hush | Listen | ExpectSpeech | FinishUtterance | Save | Decide | Alert | Leave
