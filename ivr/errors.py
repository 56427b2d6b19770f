"""What can go wrong on the wires to Asterisk, by whose fault it is.

A caller who hangs up is no error of anybody's: `CallerHungUp` stands apart, is the normal end of many calls and is
logged at info. `LocalFault` is ours (a value that must not be sent: raised before a byte leaves). `RemoteFault` is the
peer's or the link's. No message ever carries what a caller said, dialled or is called.
"""


class WireError(Exception):
    """Anything that ends or refuses an exchange with Asterisk."""


class CallerHungUp(WireError):
    """The caller has gone: the channel is dead or Asterisk said so before it closed the session."""


class LocalFault(WireError, ValueError):
    """We were about to send something that must not be sent; nothing was sent."""


class RemoteFault(WireError):
    """The peer or the link to it failed."""


class AgiRefused(RemoteFault):
    """Asterisk understood the line and refused the command (510, 520, 503)."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"Asterisk refused {command}: expected 200, got {code}")
        self.command = command
        self.code = code


class AgiDesync(RemoteFault):
    """The peer's bytes are not AGI, or not the answer to what was asked; the session must be closed."""


class AgiPeerGone(RemoteFault):
    """The AGI link closed, or no reply came in time, without a hang-up notice."""


class AudioSocketDesync(RemoteFault):
    """The peer's bytes are not AudioSocket, or not allowed at this point; the leg must be closed."""


class LegNotClaimed(RemoteFault):
    """No audio connection claimed an announced UUID in time."""


class AmiUnavailable(RemoteFault):
    """No authenticated AMI link: the action was not sent."""


class AmiUnknownOutcome(RemoteFault):
    """The action was sent and no answer came; it may or may not have happened and is never sent again."""


class AmiRefused(RemoteFault):
    """Asterisk answered the action with an error."""
