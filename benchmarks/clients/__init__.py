"""The contenders: one module each, run in its own environment by ``python -m benchmarks.clients MODULE:CLASS``.

A contender is a class built from a base URL. ``stream(on_delta)`` reads one stream and calls ``on_delta`` with the text
of each delta. ``call()`` makes one plain call. Either may be a coroutine.
"""
