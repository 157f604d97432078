"""What columns are called, in the languages and tools that tables come from: English, German, French, Spanish."""

import itertools
import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PARTS = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

DATE = _set(
    "date day days week weeks wk time period datum tag woche fecha dia semana semaine jour ds month monat strt dt"
)
GEO = _set(
    "geo region regions state states dma market country city store area land bundesland ort estado pais pays "
    "territory province county zip postcode location"
)
CHANNEL_COLUMN = _set("channel channels media medium platform source publisher vendor network kanal canal")
CURRENCY = _set("currency devise moneda divisa w\u00e4hrung w\u00e4hrungscode currencycode")
REVENUE = _set(
    "revenue revenues sales sale turnover umsatz umsaetze erloes erlos gmv ventas ingresos ventes chiffre income "
    "bookings"
)
PROFIT = _set("profit gewinn deckungsbeitrag beneficio benefice")
COUNT = _set(
    "conversions conversion orders order leads lead signups signup registrations subscriptions subscribers installs "
    "purchases transactions bestellungen pedidos commandes units quantity customers applications trials"
)
GENERIC = _set("y kpi target outcome response depvar dependent")
SPEND = _set(
    "spend spends spent spending cost costs kosten ausgaben aufwand investment invest gasto gastos coste costo "
    "inversion depense depenses spesa budget mdsp"
)
MEDIA = {
    "impressions": "impressions", "impression": "impressions", "impr": "impressions", "imps": "impressions",
    "imp": "impressions", "mdip": "exposures", "grp": "GRPs", "grps": "GRPs", "trp": "TRPs", "trps": "TRPs",
    "views": "views", "view": "views", "clicks": "clicks", "click": "clicks", "klicks": "clicks", "sent": "sent",
    "exposures": "exposures", "reach": "reach",
}  # fmt: skip
"""Words of media units, those first that say most of who could have been reached."""
_UNITS_BY_WORTH = ("impressions", "exposures", "GRPs", "TRPs", "views", "clicks", "sent", "reach")
_OF_MONEY = _set("in of the account local currency amount total gross net media ad ads campaign daily eur usd gbp chf")
"""Words beside spend that name no channel."""
CHANNELS = _set(
    "tv ctv ott search sem sea ppc brand social facebook fb meta instagram ig google adwords ads youtube yt video "
    "display dsp programmatic banner radio audio podcast print newspaper magazine ooh dooh outdoor billboard "
    "email "
    "mail mailing dm affiliate affiliates tiktok linkedin pinterest snapchat snap twitter bing microsoft amazon "
    "shopping pmax influencer influencers cinema kino retargeting remarketing local native taboola outbrain criteo "
    "reddit sms sponsoring sponsorship direct"
)
CALENDAR = _set(
    "year yr jahr quarter qtr month mth monat weekday weekdays dow dayofweek dayofyear doy nbr number num prd week wk "
    "day unnamed period trend season seasonality seas t weeknumber weeknum isoweek kw in of the"
)
"""Of these words, and numbers, the name of a column consists that is about the calendar."""
RATES = _set("ctr cpc cpm cpa cpl cpv roas acos cvr frequency bounce position avg")
"""What platforms work out from spend, media and sales."""
LEAK = _set(
    "contribution contributions adstock adstocked saturated saturation effect effects intercept epsilon noise hidden "
    "latent truth baseline init prediction predicted fitted residual"
)
OTHERS = _set("competitor competitors competition competitive wettbewerb market category industry")
"""Whose sales are not the outcome."""
ORGANIC = _set("newsletter newsletters organic owned pr")
POPULATION = _set("population inhabitants einwohner poblacion")


def parts(name: str) -> tuple[str, ...]:
    """The words and numbers of a name, in lower case: ``TikTokSpend_2`` is tik, tok, spend, 2."""
    plain = name.replace("\u00e4", "ae").replace("\u00f6", "oe").replace("\u00fc", "ue")
    return tuple(part.lower() for part in _PARTS.findall(_CAMEL.sub(" ", plain)))


def has(name: str, words: frozenset[str]) -> bool:
    """Whether one of the words stands in a name, as itself or with its parts joined (tiktok in TikTok)."""
    found = parts(name)
    return bool(words.intersection(found)) or bool(words.intersection(a + b for a, b in itertools.pairwise(found)))


def is_calendar(name: str) -> bool:
    """Whether a name is of words of the calendar and numbers alone: ``wk_in_yr_nbr``, and not ``hldy_Labor Day``."""
    found = parts(name)
    return name.casefold() in {"index", "id"} or (
        bool(CALENDAR.intersection(found)) and all(p in CALENDAR or p.isdigit() for p in found)
    )


def unit_of(name: str) -> str | None:
    """The media unit that a name speaks of; Robyn's suffixes _I (impressions) and _P (what a person did) are known."""
    found = [MEDIA[part] for part in parts(name) if part in MEDIA]
    if found:
        return min(found, key=_UNITS_BY_WORTH.index)
    return {"_I": "impressions", "_P": "clicks"}.get(name[-2:])


def is_spend(name: str) -> bool:
    """Whether a name says that its column is spend; Robyn's suffix _S is known."""
    return bool(SPEND.intersection(parts(name))) or name.endswith("_S")


def is_spend_alone(name: str) -> bool:
    """Whether a name says that its column is spend and not of what: 'Cost', 'Amount spent (EUR)'."""
    return is_spend(name) and set(parts(name)) <= SPEND | _OF_MONEY


def worth(unit: str) -> int:
    """Place of a media unit among those that one would rather have."""
    return _UNITS_BY_WORTH.index(unit)


def stem(name: str) -> str:
    """The name without what says its role: tv of ``tv_spend``, Search-Ads of ``x1_Search-Ads``, dm of ``mdsp_dm``."""
    bare = name[:-2] if name[-2:] in ("_S", "_I", "_P") else name
    said = SPEND | set(MEDIA) | {"frequency", "media", "total", "amount", "usd", "eur", "gbp"}
    kept = [word for word in re.split(r"[_\s]+", bare) if word and not set(parts(word)) <= said]
    if len(kept) > 1 and re.fullmatch(r"[xX]\d+", kept[0]):
        kept = kept[1:]
    return "_".join(kept) or bare


def raw_parts(name: str) -> tuple[str, ...]:
    """The words of a name as they are written."""
    return tuple(_PARTS.findall(name))
