"""The status page: what the local cloud's training jobs do, for a browser on this machine."""
