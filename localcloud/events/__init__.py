"""EventBridge and Step Functions: delivery to targets, schedules, and state machines."""
