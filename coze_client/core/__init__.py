"""One call to Coze, from its description to a typed result. Nothing here knows a resource of the API."""
