"""The status page of the local cloud's training and tuning jobs, for a browser on this machine."""
