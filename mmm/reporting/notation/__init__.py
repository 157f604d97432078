"""How a number, a name or a date is written, and which quantity it is."""
