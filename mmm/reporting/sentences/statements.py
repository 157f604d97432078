"""The plan's statements in the report's language and notation."""

from mmm.planning.statements import Factor, Money, Part, Share, Span, Statement, Value, sentence
from mmm.reporting.notation.formatter import Formatter


def told(statement: Statement, fmt: Formatter) -> str:
    """The statement as a sentence."""
    return sentence(statement.said(fmt.t.pattern, lambda value: _written(value, fmt)))


def _written(value: Value, fmt: Formatter) -> str:
    match value:
        case Money(amount):
            return fmt.exact(amount)
        case Factor(factor):
            return fmt.number(factor, len(str(value).partition(".")[2]))
        case Share(share, decimals):
            return fmt.percent(share, decimals)
        case Span(periods):
            return fmt.periods(periods)
        case Part():
            return _place(value, fmt)
    return fmt.join([fmt.label(name) for name in value], 12) if isinstance(value, tuple) else fmt.label(str(value))


def _place(part: Part, fmt: Formatter) -> str:
    name = fmt.label(part.channel)
    if part.date is not None:
        return fmt.t("{name} in the period from {date}", name=name, date=fmt.date(part.date.date()))
    return name if part.geo is None else fmt.t("{name} in {geo}", name=name, geo=fmt.label(part.geo))
