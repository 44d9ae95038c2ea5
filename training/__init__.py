"""How the shipped weights were made and scored; needs requirements-training.txt."""
