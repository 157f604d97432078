"""Further files beside a report: files whose RECORD is an :class:`mmm.reporting.files.export.Export`."""
