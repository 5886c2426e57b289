"""The generic SCIM 2.0 target."""
