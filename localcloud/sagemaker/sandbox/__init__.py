"""Confinement of one training instance: its own files, processes, host name and network."""
