"""Extract the text of files and web pages, split it into slices, and rank slices for a query."""
