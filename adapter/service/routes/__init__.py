"""One module per resource; each gives a router built on the installation."""
