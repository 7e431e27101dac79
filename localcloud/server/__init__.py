"""The server: started, found and stopped, and what it is put together from."""
