"""Exporting: what is written back to the systems that people come from, through a target like any other."""
