"""Asterisk's management interface behind the port `CallControl`."""

from ivr.ami.link import LinkLimits
from ivr.ami.panoramisk_control import AmiSettings, PanoramiskControl
from ivr.ami.ports import CallControl, LiveChannel

__all__ = ["AmiSettings", "CallControl", "LinkLimits", "LiveChannel", "PanoramiskControl"]
