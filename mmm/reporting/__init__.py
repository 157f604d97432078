"""Who is told: content, words, figures and chapters, pages and files, and the runs that make them."""
