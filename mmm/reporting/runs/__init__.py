"""Making reports: one, many, and a portfolio of markets."""
