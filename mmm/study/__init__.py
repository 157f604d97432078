"""The study of decisions: worlds whose truth is known, methods that see the data alone, and how right each was."""
