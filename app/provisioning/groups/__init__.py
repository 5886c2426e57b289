"""Department groups at the targets that take groups: who should be in which, and the small requests that see to it.

Level-triggered, as links are: a group is dirty or clean, and what it should hold is computed from the links.
"""
