"""What is said about PyTorch, and what for: one module, one LESSON."""
