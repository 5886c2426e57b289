"""Who may do what: tenants, clients and tokens, admins and sessions, the audit chain, encryption at rest."""
