"""What each team uses in all its stacks together, compared with its quotas."""
