"""Intake: a client's case file becomes accepted cases and refusals with row, column and reason.

A bad row never costs a good one; a bad *file* (unreadable, no header, still growing) is refused whole with one clear sentence.
This package never guesses a value: what it cannot read exactly it refuses.
"""

from controller.intake.fields import PROFILES, HeaderProfile
from controller.intake.files import CaseFileError
from controller.intake.take_in import Intake, Refusal, take_in

__all__ = ["PROFILES", "CaseFileError", "HeaderProfile", "Intake", "Refusal", "take_in"]
