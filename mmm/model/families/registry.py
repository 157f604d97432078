"""Which families there are: those of this package's files, those of installed packages, and those registered by hand.

A package offers families under the entry point group ``mmm.families``; each entry point is a record or a sequence of
records. In a notebook :func:`register` does the same until the process ends. A settings file can name a family that is
there, and never says where code is found.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points

from mmm.errors import SettingsError
from mmm.model import families
from mmm.model.families.record import Adstock, Family, Parameter, Saturation
from mmm.model.kernels import call
from mmm.suggest import suggestion

GROUP = "mmm.families"


class Registry[F: Family]:
    """Families of one kind by name. What is not there raises SettingsError, with the names that are."""

    def __init__(self, kind: type[F], word: str, first: int) -> None:
        self._kind, self.word, self._first = kind, word, first
        self._families: dict[str, F] = {}
        self._also: dict[str, str] = {}
        self._complete = False

    def __getitem__(self, name: str) -> F:
        known = self._all()
        found = known.get(self._also.get(name, name))
        if found is None:
            raise SettingsError(f"'{name}' is no family of {self.word}. {suggestion(name, self.names)}")
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which settings may ask for a family."""
        return (*self._all(), *self._also)

    def __iter__(self) -> Iterator[F]:
        return iter(self._all().values())

    def __contains__(self, name: object) -> bool:
        return name in self._all() or name in self._also

    def number(self, name: str) -> int:
        """The family's place in the table of kernels."""
        return self._first + list(self._all()).index(self[name].name)

    def load(self, numbers: Iterable[int], *wanted: str) -> None:
        """Make these kernels of the families callable by number."""
        known = list(self._all().values())
        for number in numbers:
            place = number - self._first
            if not 0 <= place < len(known):
                raise SettingsError(
                    f"A fit uses a family of {self.word} that this process does not know. Register it first, as when "
                    "the model was fitted."
                )
            for kernel in wanted:
                call.load(number, known[place].kernels, kernel)

    def of(self, name: str, given: Iterable[str]) -> F:
        """The family that settings mean by its name and the parameters that they give a prior to."""
        first, named = self[name], set(given)
        chain = [first, *(f for f in self if f.extends == first.name)]
        for family in chain:
            if named <= {p.name for p in family.parameters}:
                return family
        has = "; or ".join(" and ".join(f"'{p.name}'" for p in f.parameters) or "none" for f in chain)
        known = {p.name for f in chain for p in f.parameters}
        wrong = " and ".join(f"'{n}'" for n in sorted(named - known))
        if not wrong:
            together = " and ".join(f"'{n}'" for n in sorted(named))
            raise ValueError(f"{together} are not given together: the family '{name}' has {has}")
        raise ValueError(f"{wrong} is no parameter of the family '{name}', which has {has}")

    def parameters(self) -> dict[str, Parameter]:
        """Every parameter of any family by its name in the settings, as the first family states it."""
        out: dict[str, Parameter] = {}
        for family in self:
            for parameter in family.parameters:
                out.setdefault(parameter.name, parameter)
        return out

    def add(self, family: F) -> None:
        """Raises SettingsError where the name is taken, or a parameter's variable has another kind of prior."""
        self._all()
        self._add(family)

    def _add(self, family: F) -> None:
        for name in (family.name, *family.also):
            if name in self._families or name in self._also:
                raise SettingsError(f"A family of {self.word} named '{name}' is registered already.")
        for other in self._families.values():
            for mine in family.parameters:
                for theirs in other.parameters:
                    same = mine.variable == theirs.variable or mine.name == theirs.name
                    if same and (mine.name, mine.variable, type(mine.prior)) != (
                        theirs.name,
                        theirs.variable,
                        type(theirs.prior),
                    ):
                        raise SettingsError(
                            f"The parameter '{mine.name}' ({mine.variable}) of the family '{family.name}' is not that "
                            f"of the family '{other.name}', though it has its name. Name it differently."
                        )
        if len(self._families) >= call.MOST // 2:
            raise SettingsError(f"There are {len(self._families)} families of {self.word} already.")
        self._families[family.name] = family
        self._also |= dict.fromkeys(family.also, family.name)

    def _all(self) -> dict[str, F]:
        if not self._complete:
            self._complete = True
            for found in (*_own(self._kind.__name__.lower()), *_installed()):
                if isinstance(found, self._kind):
                    self._add(found)
        return self._families


ADSTOCKS = Registry(Adstock, "carryover", 0)
SATURATIONS = Registry(Saturation, "saturation", call.MOST // 2)


def register(family: Adstock | Saturation) -> None:
    """Add a family of one's own to this process: its name may then be given in settings."""
    if isinstance(family, Adstock):
        ADSTOCKS.add(family)
    else:
        SATURATIONS.add(family)


def _own(folder: str) -> Iterator[Family]:
    """The families of this package's files, in the order of their names."""
    package = importlib.import_module(f"{families.__name__}.{folder}")
    for module in pkgutil.iter_modules(package.__path__):
        yield from importlib.import_module(f"{package.__name__}.{module.name}").FAMILIES


def _installed() -> Iterator[Family]:
    """The families of installed packages, in the order of their entry points' names."""
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        try:
            found = point.load()
        except Exception as error:
            raise SettingsError(
                f"The families of the package behind '{point.value}' cannot be loaded: {error}"
            ) from error
        yield from (found,) if isinstance(found, Family) else found
