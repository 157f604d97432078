"""Meta Ads Manager: reports exported as CSV or XLSX; the currency stands in the header of the amount."""

from mmm.data.exports.record import Amount, Reader

_SPEND = ("amount spent", "montant d\u00e9pens\u00e9", "ausgegebener betrag", "importe gastado")

RECORD = Reader(
    title="Meta Ads Manager",
    source="files of public repositories in English, French, German and Spanish",
    needs=(_SPEND, ("day", "jour", "tag", "d\u00eda", "reporting starts", "d\u00e9but des rapports", "berichtsbeginn",
                    "inicio del informe")),
    date=("day", "jour", "tag", "d\u00eda", "reporting starts", "d\u00e9but des rapports", "berichtsbeginn",
          "inicio del informe"),
    end=("reporting ends", "fin des rapports", "berichtsende", "fin del informe"),
    labels={
        "campaign": ("campaign name", "nom de la campagne", "kampagnenname", "nombre de la campa\u00f1a"),
        "ad_set": ("ad set name", "nom de l'ensemble de publicit\u00e9s", "name der anzeigengruppe",
                   "nombre del conjunto de anuncios"),
        "ad": ("ad name", "nom de la publicit\u00e9", "anzeigenname", "nombre del anuncio"),
        "platform": ("platform", "plateforme", "plattform", "plataforma"),
        "objective": ("objective", "objectif", "ziel", "objetivo"),
        "account": ("account name", "nom du compte", "kontoname"),
    },
    amounts={
        "spend": Amount(_SPEND, money=True),
        "impressions": Amount(("impressions", "impressionen", "impresiones")),
        "clicks": Amount(("link clicks", "clics sur un lien", "clics sur le lien", "link-klicks", "clics en el enlace",
                          "clicks (all)", "clics (tous)", "klicks (alle)", "clics (todos)")),
    },
    currency=("currency", "devise", "w\u00e4hrung", "divisa"),
    totals=("total", "totals", "gesamt", "resultados totales", "results from"),
    channel="meta",
    splits="platform",
)  # fmt: skip
