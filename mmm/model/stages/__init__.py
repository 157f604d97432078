"""Kinds of stages, one file each with a ``RECORD`` (:mod:`mmm.model.stage`)."""
