"""The resources of the Coze API: a module or a folder for each, with its values, requests and methods."""
