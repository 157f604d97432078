"""Names with a star in ``data.controls``, which stand for every column that they match."""

from collections.abc import Sequence

from pydantic import ValidationError

from mmm.data.control_settings import ControlSettings
from mmm.data.patterns import STAR, matches
from mmm.data.problems import Problems, nearest
from mmm.data.settings import DataSettings


def with_columns(settings: DataSettings, columns: Sequence[str], problems: Problems) -> DataSettings:
    """The settings with every ``hldy_*`` of the controls replaced by the columns that it matches and nothing else uses.

    A control is called as its column then. A column whose own name has the star is meant by it. A pattern that matches
    nothing is recorded.
    """
    if not any(STAR in control.column and control.column not in columns for control in settings.controls.values()):
        return settings
    used = {column for _, column in settings.columns()}
    controls: dict[str, ControlSettings] = {}
    for name, control in settings.controls.items():
        if STAR not in control.column or control.column in columns:
            controls[name] = control
            continue
        found = [column for column in dict.fromkeys(columns) if matches(column, control.column) and column not in used]
        if not found:
            fix = nearest(control.column.replace(STAR, ""), list(columns))
            problems.add(f"No column that is not used otherwise matches '{control.column}' (data.controls).", fix)
        used.update(found)
        controls |= {column: control.model_copy(update={"column": column}) for column in found}
    problems.stop_if_any()
    try:
        return DataSettings.model_validate(settings.model_dump() | {"controls": controls})
    except ValidationError as error:
        for each in error.errors():
            problems.add(f"{each['msg'].removeprefix('Value error, ')}", "Name these controls one by one.")
        raise problems.error() from error
