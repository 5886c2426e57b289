"""iCIMS, an applicant-tracking system: employees come in, six fields go back (vendors.md §2)."""
