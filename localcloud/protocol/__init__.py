"""What all services share: what a request says, and how a service answers it."""
