"""The question-answering models: find, load once, place on a device, decode."""
