"""Notices: what an admin hears about, by e-mail and by signed webhook, on changes of state only."""
