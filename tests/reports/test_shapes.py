"""What is told of carryover and curves is what the families that were fitted say of themselves, in every language."""

import engine_cases as cases
import pytest
from role_cases import fit_of_prior

from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.settings import AdstockSettings, ChannelModelSettings, SaturationSettings
from mmm.reporting.content.shapes import carryovers_and_curves
from mmm.reporting.languages.words import MADE_BELOW, words


def told_of(adstock: str, **saturation: object) -> tuple[dict[str, str], dict[str, str]]:
    """Sentences by channel, where c1 has these families and all others geometric carryover and a plain Hill curve."""
    base = cases.settings().model_copy(
        update={"adstock": AdstockSettings(family="geometric"), "saturation": SaturationSettings(family="hill")}
    )
    own = ChannelModelSettings.model_validate({"adstock": {"family": adstock}, "saturation": saturation})
    settings = base.model_copy(update={"channels": {"c1": own}})
    found = carryovers_and_curves(fit_of_prior(cases.dataset("national"), settings))
    carried, curves = ({name: said for names, said in part for name in names} for part in found)
    assert set(carried) == set(curves) == set(cases.dataset("national").channels)
    return carried, curves


@pytest.mark.parametrize(
    ("adstock", "saturation", "sentence"),
    [
        ("none", {"family": "none"}, SATURATIONS["none"].sentence),
        ("delayed", {"family": "logistic_s"}, SATURATIONS["logistic_s"].sentence),
        # Of slopes that stay below 1 nothing is told that the plain curve does not do.
        ("geometric", {"family": "hill", "slope": {"lower": 0.3, "upper": 0.6}}, SATURATIONS["hill"].sentence),
        ("weibull", {"family": "hill", "slope": {"lower": 1.5, "upper": 3.0}}, SATURATIONS["hill_sloped"].sentence),
    ],
)
def test_each_channel_is_told_by_its_family(adstock: str, saturation: dict[str, object], sentence: str) -> None:
    carried, curves = told_of(adstock, **saturation)
    assert carried.pop("c1") == ADSTOCKS[adstock].sentence
    assert curves.pop("c1") == sentence
    assert set(carried.values()) == {ADSTOCKS["geometric"].sentence}
    assert set(curves.values()) == {SATURATIONS["hill"].sentence}


@pytest.mark.parametrize("language", ["de", "fr", "es"])
@pytest.mark.parametrize("family", [*ADSTOCKS, *SATURATIONS], ids=lambda f: f.name)
def test_what_a_family_says_of_itself_is_in_every_catalogue(family, language) -> None:
    known = {message for context, message in words(language).messages if context == MADE_BELOW}
    said = {family.label, family.sentence, *(p.meaning for p in family.parameters)}
    assert said <= known, said - known
