"""Side-by-side benchmarks: Rollcall beside bare Flask and scim2-server, in one run (``python -m bench --help``)."""
