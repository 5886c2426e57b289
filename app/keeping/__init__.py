"""Keeping an installation: keys, backups, what is forgotten, what is checked."""
