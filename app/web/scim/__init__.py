"""``/scim/v2``: the SCIM service provider's HTTP edge. Protocol rules are in ``scim``, people in ``app.directory``."""
