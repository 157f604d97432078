"""The report's chapters, each a question with its answer; every function takes the material and returns a Chapter."""
