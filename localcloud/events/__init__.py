"""EventBridge and Step Functions: events reach targets, schedules run, state machines work."""
