"""What the document loaders of both adapters share: listing, filtering, and finding the text of documents."""
