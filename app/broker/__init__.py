"""The broker: its address, how messages are taken from it, and how many lie there."""
