"""Whether the execution role of a training job, or everybody, may do what a request demands."""
