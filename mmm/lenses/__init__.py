"""Other lenses on the same money, side by side: media, all costs, customers, journeys; each with what it is for."""

from mmm.lenses.beside import beside
from mmm.lenses.table import Lenses, side_by_side

__all__ = ["Lenses", "beside", "side_by_side"]
