"""Mutated settings, tables and parameters, and interrupts at random moments: nothing may go wrong without a word."""
