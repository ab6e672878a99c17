"""A run as a page shows it: summary and traces in, plain values and the page's text out."""
