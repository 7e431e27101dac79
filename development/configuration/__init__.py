"""Writes the pages and schemas of the settings, from the settings' model."""
