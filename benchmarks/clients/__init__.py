"""The contenders: one module each, run in its own environment by ``python -m benchmarks.clients MODULE:CLASS``.

A contender is a class built from a base URL. ``stream(take)`` reads one stream and hands each delta's text to ``take``;
``call()`` makes one plain call. Either may be a coroutine.
"""
