"""What ``import mmm`` offers: from a table to a decision, in objects instead of files."""
