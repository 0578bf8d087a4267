"""Models behind an HTTP server of the OpenAI API: the exchange that captions and edits share."""
