"""Linear terms that follow from dates alone: public holidays, named events, days of the week, months, changepoints.

One file a kind: its settings, what of them is pinned with the model, and its term. Their coefficients are changes of
the outcome relative to its usual level, for a period that the term fills altogether; a period that it fills in part
takes that share of it. So a holiday on a Monday is a seventh of its week, in daily data it is the day itself.
"""

from mmm.model.calendar.kinds import CalendarSettings, CalendarSpec, calendar_terms, pinned

__all__ = ["CalendarSettings", "CalendarSpec", "calendar_terms", "pinned"]
