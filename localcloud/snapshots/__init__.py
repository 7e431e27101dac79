"""Snapshots of all data, which are taken when something has changed and survive the server."""
