"""The question-answering models: find, load once, place on a device, decode."""

from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
