"""What a posterior means, in tables with intervals."""

from mmm.analysis.analysis import Analysis, analyse

__all__ = ["Analysis", "analyse"]
