"""Campaigns: very many exact checks, stored so that nothing can lose them."""

from kdtheory.campaigns.driver import Campaign, Progress, campaign
from kdtheory.campaigns.replaying import replay

__all__ = ["Campaign", "Progress", "campaign", "replay"]
