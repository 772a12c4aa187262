"""One call to Coze, from description to typed answer; knows no resource of the API."""
