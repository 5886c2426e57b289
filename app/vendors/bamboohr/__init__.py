"""BambooHR, an HR system: employees come in (vendors.md §5)."""
