"""Sends a hundred thousand malformed responses to each transport; run by ``make fuzz``, not by the test suite."""
