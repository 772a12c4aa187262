"""One file a Coze noun: its models, then its requests and flows."""
