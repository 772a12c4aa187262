"""The version, told to servers and tracers."""

__version__ = "0.1.0"
