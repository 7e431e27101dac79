"""What survives the server: snapshots of all its data, taken when something has changed."""
