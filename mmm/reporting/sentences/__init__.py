"""Words of the report, by rules from the content."""
