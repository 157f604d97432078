"""What a posterior means, in tables with intervals."""

from mmm.analysis.analysis import Analysis, analyse
from mmm.analysis.quarters import better

__all__ = ["Analysis", "analyse", "better"]
