"""From chapters to HTML and PDF."""
