"""Documents of a dataset as framework documents."""
