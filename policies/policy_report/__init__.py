"""The report on a preview with the pack, as Markdown for a pull request."""
