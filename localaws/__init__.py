"""The embedded AWS: a moto server with its gaps closed, the functions' own processes, and the pumps between them."""
