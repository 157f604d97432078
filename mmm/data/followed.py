"""What a channel's spend is said to follow: a series of the data that the outcome's equation has beside the channel."""

from collections.abc import Iterable, Iterator, Mapping

from mmm.suggest import suggestion


def follow_problems(
    follows: Mapping[str, str | None], controls: Iterable[str], mediators: Iterable[str]
) -> Iterator[str]:
    """Channels that follow what is neither a control nor a mediator, by channel."""
    known = [*controls, *mediators]
    if any("*" in name for name in known):
        return  # what a pattern stands for is known once the table is read
    for name, series in follows.items():
        if series is not None and (series not in known or series == name):
            yield (
                f"channels.{name}.follows: '{series}' is no control and no mediator, so that what sells by it would be "
                f"credited to {name}. {suggestion(series, known)} Add its column to controls, or as a channel of role "
                "mediator where media move it."
            )
