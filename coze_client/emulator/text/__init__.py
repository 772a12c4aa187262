"""Text of files and pages, cut into slices and ranked."""
