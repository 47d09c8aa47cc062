"""What every way in over HTTP stands on: who is asking, what went wrong as a document, limits, headers, counts."""
