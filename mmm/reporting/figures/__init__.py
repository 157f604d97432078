"""Figures of the report: drawn once wide and once narrow, as SVG whose colours follow the page."""
