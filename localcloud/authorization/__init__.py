"""Judges what training jobs do with their execution roles, by the policies in moto's services."""
