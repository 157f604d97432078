"""What is told, as plain data: from fit, analysis and plan, without words, colours or pages."""
