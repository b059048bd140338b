"""The update rules, and what is done to an iterate after the step."""

from kdtheory.rules.distilled import DistilledSGD
from kdtheory.system.announcing import announce

__all__ = ["DistilledSGD"]

announce()
