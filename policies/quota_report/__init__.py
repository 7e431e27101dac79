"""What the organisation's teams take together, over all stacks, against their quotas."""
