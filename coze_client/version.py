"""The version of this package, also sent to servers and reported to tracers."""

__version__ = "0.1.0"
