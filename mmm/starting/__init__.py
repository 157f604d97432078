"""From the tables that somebody has to settings to start from: what they seem to hold, and what has to be asked."""
