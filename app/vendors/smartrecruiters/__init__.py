"""SmartRecruiters, an applicant-tracking system: hires come in, internal candidates go out (vendors.md §3)."""
