"""The report's languages: catalogues of its texts, and how each writes numbers and dates."""
