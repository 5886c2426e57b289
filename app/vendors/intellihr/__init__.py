"""intelliHR: people with the job that counts, unsigned webhooks behind the connection key, and a simulator."""
