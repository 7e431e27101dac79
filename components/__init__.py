"""The components that a stack's training platform is made of."""
