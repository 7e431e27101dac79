"""The server process: how it is started, found and stopped."""
