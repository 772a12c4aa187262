"""Coze's HTTP protocol: requests, replies, event streams, errors, dialects and faults."""
