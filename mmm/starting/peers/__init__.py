"""Settings from what other tools keep of a model: one file a tool, each with a table of what was not carried over."""
