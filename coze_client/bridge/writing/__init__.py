"""Files and framework documents into a dataset."""
