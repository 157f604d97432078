"""Further checks of the gate: files whose RECORD is a function of :class:`mmm.assessment.gate.Asked`."""
