"""What people type, made fit to store, and what they read, in their language."""
