"""One folder per vendor: everything of it, and nothing of it anywhere else."""
