"""Colours, type and fonts, the same on pages, in figures and in print."""
