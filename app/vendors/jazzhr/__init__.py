"""JazzHR, an applicant-tracking system: hires come in (vendors.md §1)."""
