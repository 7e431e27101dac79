"""What travels into a job's container, in its input channel `code`.

`launcher/` is what runs there: it knows nothing of this program and runs on old Pythons too.
"""
