"""What a preview under the pack means, as Markdown for a pull request."""
