"""Provisioning: how the directory reaches its targets; knows no vendor."""
