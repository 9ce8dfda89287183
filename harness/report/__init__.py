"""A run's stored files as documents: a page, charts, Markdown, Go's benchmark format."""
