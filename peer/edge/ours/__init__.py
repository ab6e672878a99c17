"""What Weft made and nobody else: records, fresh names, and giving things their names; peers and the agent use it."""
