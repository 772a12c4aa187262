"""The HTTP forms of Coze: requests, envelopes, streams, dialects and faults."""
