"""The resources of Coze's API: one folder or module each, with the same file names in every folder.

``values``: models. ``requests``: what is sent. ``events``, ``stream``: streaming. ``following``: waiting for a result.
``failures``: errors of this resource. ``resource``: the class with the methods of both clients.
"""
