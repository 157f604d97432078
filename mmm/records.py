"""Records of one kind by name: one file each in a folder of the package, or offered by an installed package.

Whoever reads records iterates over them, so that adding one is adding one file. A record in a folder is that file's
``RECORD``, under the file's name.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points

from mmm.errors import SettingsError
from mmm.suggest import suggestion


class Records[T]:
    """Records of the folder (a dotted name) and of the entry points ``group``, where there is one."""

    def __init__(self, word: str, folder: str, group: str = "") -> None:
        self.word, self._folder, self._group = word, folder, group
        self._made: dict[str, T] | None = None

    def __getitem__(self, name: str) -> T:
        """Raises SettingsError where there is no such record, with the names that there are."""
        found = self._all().get(name)
        if found is None:
            known = f" {suggestion(name, self._all())}" if self._all() else ""
            raise SettingsError(f"'{name}' is no {self.word} that was registered.{known}")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def values(self) -> list[T]:
        """The records, those of the folder first."""
        return list(self._all().values())

    def add(self, name: str, record: T) -> None:
        """Add one to this process. Raises SettingsError where the name is taken."""
        if name in self._all():
            raise SettingsError(f"A {self.word} named '{name}' is registered already.")
        self._all()[name] = record

    def _all(self) -> dict[str, T]:
        if self._made is None:
            package = importlib.import_module(self._folder)
            names = [module.name for module in pkgutil.iter_modules(package.__path__)]
            made = {name: importlib.import_module(f"{self._folder}.{name}").RECORD for name in names}
            for point in sorted(entry_points(group=self._group), key=lambda p: p.name) if self._group else ():
                if point.name in made:
                    raise SettingsError(f"A {self.word} named '{point.name}' is offered twice. Remove one package.")
                made[point.name] = point.load()
            self._made = made
        return self._made
