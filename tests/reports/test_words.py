"""The report in its four languages: nothing untranslated, nothing unused, and no English in the others."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import messages
import pytest
from reading import LANGUAGES, PLACES, english, leaked, text_of

from mmm.planning.statements import Factor, Money, Part, Statement
from mmm.register.ledger import Record
from mmm.reporting.content.decision import Decision, Move
from mmm.reporting.content.results import Results
from mmm.reporting.files.to_results import results_of
from mmm.reporting.languages.words import MADE_BELOW, words
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.render import Cover, print_page, web_page
from mmm.reporting.runs.story import Story
from mmm.reporting.sentences import statements
from mmm.reporting.sentences.page_one import Teller, promises
from mmm.settings.report import Language

CHAPTERS = (
    "summary", "drivers", "returns", "saturation", "plan_by_channel", "what_if", "changes", "belief", "data",
    "appendix",
)  # fmt: skip
NB, NNB = "\u00a0", "\u202f"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_message_and_no_other(language: Language) -> None:
    known = {message for context, message in words(language).messages if not context}
    assert set(messages.used()) == known


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_that_count_have_both_forms(language: Language) -> None:
    for one, many in messages.used().items():
        found = words(language).messages["", one]
        assert isinstance(found, tuple if many else str), one
        assert not isinstance(found, tuple) or all(found), one


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_in_only_what_is_given(language: Language) -> None:
    plurals = messages.used()
    given = {"of_outcome", "of_unit", "amount"}  # passed along for the grammar of other languages
    for (context, message), said in words(language).messages.items():
        places = set(PLACES.findall(message + (plurals.get(message) or "" if not context else "")))
        for text in (said,) if isinstance(said, str) else said:
            extra = set(PLACES.findall(text)) - places
            assert {p.strip("{}") for p in extra} <= given, (message, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_the_layers_below_are_recognised(language: Language) -> None:
    words_of = words(language)
    for sentence in messages.made_below():
        text = sentence[:1].upper() + sentence[1:]
        candidates = (sentence, text, f"{text}.", f"{text} inside.")
        assert any(words_of.made_below(c, lambda _, part: part) != c for c in candidates), sentence


def test_catalogues_share_their_patterns() -> None:
    patterns = [{m for context, m in words(one).messages if context == MADE_BELOW} for one in LANGUAGES]
    assert patterns[0] == patterns[1] == patterns[2]


def test_parts_of_a_sentence_are_put_in_the_reports_notation() -> None:
    fmt = Formatter("EUR", "EUR", money_outcome=True, language="de", labels={"ooh": "Außenwerbung"})
    assert fmt.made_below("ooh never ran. Its effect comes from the prior alone.").startswith("Außenwerbung lief nie.")
    limit = Statement("at_most_relative", {"part": Part("ooh"), "amount": Money(1_200_000.0), "factor": Factor(1.5)})
    assert statements.told(limit, fmt) == "Außenwerbung höchstens 1.200.000\u00a0€ (1,5 × die heutigen Ausgaben)."
    english = Formatter("EUR", "EUR", money_outcome=True, labels={"ooh": "Out of home"})
    limit = Statement("at_most", {"part": Part("ooh", geo="north"), "amount": Money(1_200_000.0)})
    assert statements.told(limit, english) == "Out of home in north at most €1,200,000."
    assert english.made_below("Something that no pattern knows.") == "Something that no pattern knows."


def test_what_follows_a_sentence_is_translated_with_it() -> None:
    fmt = Formatter("EUR", "EUR", money_outcome=True, language="de")
    said = "Smallest E-BFMI of any chain is 0.85. Worst of 5 models: geometric, sloped."
    assert fmt.made_below(said) == (
        "Kleinstes E-BFMI einer Kette ist 0,85. Das schlechteste von 5 Modellen: geometric, sloped."
    )


# Numbers, money and dates


def fmt_of(language: Language, currency: str = "EUR", **options: object) -> Formatter:
    return Formatter(currency, currency, money_outcome=True, language=language, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "number", "percent", "money", "span", "day"),
    [
        ("en", "1,234,567.8", "12%", f"€1.24{NB}million", f"€0.85 to €1.61{NB}million", "1 March 2025"),
        ("de", "1.234.567,8", f"12{NB}%", f"1,24{NB}Mio.{NB}€", f"0,85 bis 1,61{NB}Mio.{NB}€", "1. März 2025"),
        ("fr", f"1{NNB}234{NNB}567,8", f"12{NB}%", f"1,24{NB}M€", f"0,85 à 1,61{NB}M€", "1er mars 2025"),
        ("es", "1.234.567,8", f"12{NB}%", f"1,24{NB}M€", f"0,85 a 1,61{NB}M€", "1 de marzo de 2025"),
    ],
)
def test_notation(language: Language, number: str, percent: str, money: str, span: str, day: str) -> None:
    import datetime as dt

    fmt = fmt_of(language)
    assert fmt.number(1_234_567.8, 1) == number
    assert fmt.percent(0.12) == percent
    assert fmt.money(1_238_471) == money
    assert fmt.money_range(852_000, 1_613_000) == span
    assert fmt.date(dt.date(2025, 3, 1)) == day


def test_signs_and_small_amounts() -> None:
    assert fmt_of("de").money(-35_000, sign=True) == f"−35{NB}Tsd.{NB}€"
    assert fmt_of("de").money(12.4) == f"12,40{NB}€"
    assert fmt_of("es").money(700_000) == f"700{NB}mil{NB}€"
    assert fmt_of("es").money(2.4e9) == f"2.400{NB}M€"
    assert fmt_of("fr").axis([0, 500_000, 1_000_000], money=True) == [f"0{NB}€", f"0,5{NB}M€", f"1,0{NB}M€"]


def test_currencies_without_decimals_and_unknown_ones() -> None:
    assert fmt_of("de", "JPY").money(85.4) == f"85{NB}¥"
    assert fmt_of("fr", "XBT").money(1.5e6) == f"1,50{NB}M{NB}XBT"
    assert fmt_of("en", "credits").money(1.5e6) == f"credits{NB}1.50{NB}million"


def test_the_settings_notation_wins() -> None:
    assert fmt_of("de", numbers="1'234.5").number(1234.5, 1) == "1’234.5"


def test_counted_things_stand_after_of_where_the_language_wants_it() -> None:
    def orders(language: Language, unit: str) -> Formatter:
        return Formatter("EUR", unit, money_outcome=False, language=language)

    assert orders("fr", "commandes").outcome(12_300) == f"12{NB}milliers de commandes"
    assert orders("fr", "achats").outcome(1_240_000) == f"1,24{NB}million d’achats"
    assert orders("es", "pedidos").outcome(2_400_000) == f"2,40{NB}millones de pedidos"
    assert orders("de", "Bestellungen").outcome(12_300) == f"12{NB}Tsd. Bestellungen"


def test_singular_and_plural_by_the_languages_rule() -> None:
    assert [fmt_of("fr").periods(n) for n in (0, 1, 2)] == ["0 semaine", "1 semaine", "2 semaines"]
    assert [fmt_of("de").periods(n) for n in (0, 1, 2)] == ["0 Wochen", "1 Woche", "2 Wochen"]


def test_and_before_the_sound_of_i_in_spanish() -> None:
    assert fmt_of("es").join(["TV", "Instagram"]) == "TV e Instagram"
    assert fmt_of("es").join(["TV", "Hielo"]) == "TV y Hielo"
    assert fmt_of("de").join(["TV", "Search", "Radio", "Print", "Kino"]) == "TV, Search, Radio und 2 weitere"


MOVES = (
    Move("TV", 2e6, 1.3e6, Estimate(1.8, 0.9, 2.7), 0.1, 0.8),
    Move("Search", 1e6, 1.7e6, Estimate(1.8, 0.9, 2.7), 0.9, 1.2),
)


@pytest.mark.parametrize(
    ("language", "outcome", "lead", "promise"),
    [
        (
            "de",
            "Umsatz",
            f"Verschieben Sie in den nächsten 13 Wochen 700{NB}Tsd.{NB}€ von TV zu Search.",
            f"Wir erwarten 1,24{NB}Mio.{NB}€ mehr Umsatz als mit dem heutigen Plan",
        ),
        (
            "fr",
            "chiffre d’affaires",
            f"Transférez 700{NB}k€ de TV vers Search au cours des 13 prochaines semaines.",
            f"Nous attendons 1,24{NB}M€ de chiffre d’affaires en plus par rapport au plan actuel",
        ),
        (
            "es",
            "ingresos",
            f"Traslade 700{NB}mil{NB}€ de TV a Search durante las próximas 13 semanas.",
            f"Esperamos 1,24{NB}M€ más de ingresos que con el plan actual",
        ),
    ],
)
def test_page_one_by_hand(language: Language, outcome: str, lead: str, promise: str) -> None:
    decision = Decision(
        horizon="",
        periods=13,
        moves=MOVES,
        verdict="better",
        gain=Estimate(1.24e6, 0.4e6, 2.1e6),
        probability=0.97,
        worst=0.1e6,
        won_today=Estimate(6e6, 5e6, 7e6),
        won_planned=Estimate(7.2e6, 6e6, 8e6),
    )
    head = Teller(decision, fmt_of(language), outcome).headline()
    assert head.lead == lead
    assert head.sentence.startswith(promise)


# A whole report


def _earlier(results: Results) -> Results:
    """Results of an earlier report that differ in all that the chapter on changes tells."""
    document: dict[str, Any] = json.loads(results.model_dump_json())
    document["data"] |= {"last": "2022-01-03", "first": "2020-01-06", "fingerprint": "other", "controls": ["rain"]}
    document["data"]["channels"] = [*document["data"]["channels"][1:], "cinema"]
    document["fit"]["key"] = "other"
    document["made"]["workbench"] = "0.0.0"
    for section, key in (("data", "currency"), ("model", "geo_sd"), ("plan", "seed"), ("gate", "r_hat_max")):
        document["settings"][section][key] = 0.5
    document["settings"]["sampler"]["seed"] = None
    first, second, third = document["allocation"]
    first["next_today"] = {"mean": 9.0, "lower": 8.5, "upper": 9.5}
    second["spend_today"] *= 1.3
    for line in (first, second, third):
        line["change"] = -line["change"]
        line["spend_plan"] *= 0.5
    return Results.model_validate(document)


@pytest.fixture(scope="module")
def told(make_story: Callable[..., Story]) -> Callable[[Language], str]:
    def tell(language: Language) -> str:
        story = make_story(
            settings={"report": {"language": language, "figures": False}, "plan": {"curve_points": 2, "draws": 100}}
        )
        earlier = _earlier(results_of(story.material))
        again = replace(story, material=replace(story.material, earlier=earlier))
        chapters = [getattr(again, name)().chapter for name in CHAPTERS]
        cover = Cover("Synthetic", "x", "y", story.look, language=language)
        return web_page(chapters, cover) + print_page(chapters, cover)

    return tell


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left(told: Callable[[Language], str], language: Language) -> None:
    html = told(language)
    text = text_of(html)
    assert f'<html lang="{language}">' in html
    assert leaked(text) == []


def test_english_would_be_seen(told: Callable[[Language], str]) -> None:
    text = text_of(told("en"))
    assert len([piece for piece in english() if piece in text]) > 100


def a_record(kept: float = 0.6, plans: int = 4) -> Record:
    spread = {"mean": 2.5e5, "lower": 1e5, "upper": 4e5}
    won = {"mean": 9e5, "lower": 4e5, "upper": 1.4e6}
    share = {"mean": kept, "lower": kept - 0.2, "upper": kept + 0.2}
    return Record.model_validate(
        {"what": "outcome", "unit": "EUR", "plans": plans, "held": 3, "promised": 5e5, "over": spread, "won": won,
         "kept": share}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "first", "counted"),
    [
        ("en", "3 of 4 settled plans held what was promised. Promises were €250\u00a0thousand above what came",
         "By that record 60% of a promise is kept: count on +€0.74\u00a0million of this plan"),
        ("de", "3 von 4 abgerechneten Plänen hielten, was zugesagt war.", "Rechnen Sie bei diesem Plan mit +0,74"),
        ("fr", "3 plans soldés sur 4 ont tenu leur promesse.", "comptez sur +0,74"),
        ("es", "3 de 4 planes liquidados cumplieron lo prometido.", "cuente con +0,74"),
    ],
)  # fmt: skip
def test_what_became_of_earlier_promises_is_told(language: Language, first: str, counted: str) -> None:
    text = promises(a_record(), Estimate(1.24e6, 0.4e6, 2.1e6), fmt_of(language))
    assert text.startswith(first)
    assert counted in text
    # Too few plans, or promises that held: nothing is scaled.
    for record in (a_record(plans=2), a_record(kept=1.1)):
        assert counted not in promises(record, Estimate(1.24e6, 0.4e6, 2.1e6), fmt_of(language))
