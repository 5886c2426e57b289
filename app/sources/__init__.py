"""Sources: connections to HR and applicant-tracking systems, and the import runner that brings people in from them.

Vendor-blind: a kind of source is an adapter (``app.sources.adapter``) found in ``app.registry``.
"""
