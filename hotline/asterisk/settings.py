"""What a site may choose about its Asterisk, checked before anything is started.

Every value that ends up in a configuration file is restricted to characters that cannot start a new line, section or
comment there; ports are checked for order, and nothing may bind all addresses.
"""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=1, le=3600)]
SipContact = Annotated[str, StringConstraints(pattern=r"^sips?:[0-9A-Za-z+_.-]{1,64}@[0-9A-Za-z.:\[\]-]{1,128}$")]
DialString = Annotated[str, StringConstraints(pattern=r"^$|^(PJSIP|Local)/[0-9A-Za-z+@_./-]{1,128}$")]
AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,15}$")]


class AsteriskSettings(BaseModel):
    """Site values of the Asterisk part; the defaults give a complete hotline on one machine's loopback."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    binary: Path | None = Field(default=None, description="asterisk program to use instead of looking for one")
    bind: IPv4Address = Field(default=IPv4Address("127.0.0.1"), description="address of the SIP transport")
    sip_port: Port = 5060
    rtp_start: Port = 10000
    rtp_end: Port = 10400
    ami_port: Port = 5038
    max_calls: Annotated[int, Field(ge=2, le=5000)] = 240
    max_load_per_core: Annotated[float, Field(ge=1, le=1000)] = 16.0
    user: AccountName | None = Field(default=None, description="user to run as when started by root")

    trunk_110: SipContact = "sip:110@127.0.0.1:5070"
    trunk_110_second: SipContact = "sip:110@127.0.0.1:5070"
    trunk_special: SipContact = "sip:7229995@127.0.0.1:5071"
    operator_standin: SipContact = "sip:operator@127.0.0.1:5071"
    backup_110: DialString = Field(default="", description="dial string tried after both trunks, for example PJSIP/1@x")
    dial_119: DialString = ""
    dial_120: DialString = ""
    dial_122: DialString = ""
    dial_special: DialString = "PJSIP/trunk-special"

    operators: tuple[AccountName, ...] = ("operator1", "operator2")
    testers: tuple[AccountName, ...] = ("tester1", "tester2", "tester3")
    merged_numbers: tuple[Number, ...] = ("12369", "12317", "12343", "12328")

    ring_seconds: Seconds = 20
    drop_seconds: Seconds = 10
    deadman_seconds: Annotated[int, Field(ge=4, le=60)] = 8
    queue_seconds: Seconds = 45
    emergency_queue_seconds: Seconds = 40

    @field_validator("bind")
    @classmethod
    def _no_wildcard(cls, value: IPv4Address) -> IPv4Address:
        if value.is_unspecified:
            raise ValueError(
                "expected one address of this machine, got the wildcard; name the address phones can reach"
            )
        return value

    @model_validator(mode="after")
    def _rtp_range(self) -> Self:
        if self.rtp_end - self.rtp_start < 3:
            raise ValueError(
                f"expected rtp_end at least 3 above rtp_start, got {self.rtp_start}-{self.rtp_end}: a call needs 4"
            )
        if self.sip_port == self.ami_port:
            raise ValueError(f"expected two ports, got {self.sip_port} for both SIP and AMI; change one of them")
        return self
