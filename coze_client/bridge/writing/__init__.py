"""What the dataset writers of both adapters share: reading sources, uploading each content once, and reporting."""
