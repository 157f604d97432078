"""Channel roles, one file each with a ``RECORD``."""
