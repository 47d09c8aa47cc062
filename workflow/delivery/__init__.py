"""Delivery: messages leave the outbox by e-mail, GOV.UK Notify or webhook, at least once, and a failure is an alert."""
