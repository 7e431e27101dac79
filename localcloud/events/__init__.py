"""EventBridge's way of events: what happens or falls due, and the targets that are told."""
