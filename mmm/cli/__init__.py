"""The command line: arguments and wiring only."""

from mmm.cli.app import app, main

__all__ = ["app", "main"]
