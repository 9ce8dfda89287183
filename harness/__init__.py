"""goclaim checks claims about Go's memory against the real Go toolchains."""

__version__ = "0.1.0"
