"""What the retrievers of both adapters share: settings, filters and metadata of recalled slices."""
