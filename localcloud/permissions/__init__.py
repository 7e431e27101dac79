"""What AWS's policies allow: parsed and evaluated by pure functions."""
