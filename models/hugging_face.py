"""All of transformers that is used here, imported at one go and without its log lines; import this before any of it.

Its modules are lazy and import each other: of two threads that import two of them at once, one may find the other's half made.
"""

from inspect import signature

from transformers import (  # noqa: F401 the import itself is what is wanted
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartModel,
    BertConfig,
    BertForQuestionAnswering,
    BertModel,
    BertTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5Config,
    T5ForConditionalGeneration,
    T5Model,
)
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()

# What a T5 calls the keys and values of earlier steps, as an argument and in its output: transformers 5.24 renamed it.
CACHE = "cache" if "cache" in signature(T5ForConditionalGeneration.forward).parameters else "past_key_values"
