"""Further constraints of a plan: files whose RECORD is a :class:`mmm.planning.limits.Constraint`."""
