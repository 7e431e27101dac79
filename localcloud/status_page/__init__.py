"""The status page of the local cloud's training jobs, for a browser on this machine."""
