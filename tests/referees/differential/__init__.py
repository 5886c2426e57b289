"""The same requests to Rollcall and to ``scim2-server``: a difference is a defect, or a text decides for it."""
