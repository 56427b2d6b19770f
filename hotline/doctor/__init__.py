"""The checks behind `hotline doctor`."""

from hotline.doctor.examine import examine
from hotline.doctor.finding import Finding, Status

__all__ = ["Finding", "Status", "examine"]
