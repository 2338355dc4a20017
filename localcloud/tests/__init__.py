"""The local cloud's own tests. Nothing here needs more than this folder's parent, `pytest` and `hypothesis`."""
