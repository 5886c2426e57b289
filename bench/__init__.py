"""Side-by-side benchmarks: Rollcall beside bare Flask, scim2-server and SCIMMY (``python -m bench --help``)."""
