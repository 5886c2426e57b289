"""The HTTP edges: the SCIM blueprint, health, the console."""
