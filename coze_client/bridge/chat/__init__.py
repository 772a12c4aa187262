"""A bot as a chat model: plan a request from the messages, build the answer from the stream."""
