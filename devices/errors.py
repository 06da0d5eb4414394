"""What can go wrong with a device, by what the caller can do about it."""

from __future__ import annotations


class DeviceError(Exception):
    """Any failure of a device or of the way to it. The text is for the operator: what happened, where, what to do."""


class LinkError(DeviceError):
    """The way to the device is broken: unplugged, in use, refused, silent. Trying again later may help."""


class PortInUse(LinkError):
    """Another process holds the port. Two controllers of one machine must never be."""


class LinkTimeout(LinkError):
    """No answer in time. The device may or may not have done what it was told."""


class CameraTimeout(LinkTimeout):
    """No frame in time."""


class ProtocolError(DeviceError):
    """The device said something its protocol does not allow, or refused what we said."""


class Busy(DeviceError):
    """Too much is already waiting for this device; nothing was taken."""


class SpoolerError(DeviceError):
    """The print spooler could not be started or refused an operation."""
