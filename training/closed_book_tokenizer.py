"""The closed-book model's tokenizer: one token a word, with the conventions of T5.

Ids: `<pad>` 0, `</s>` 1, `<unk>` 2; then every word of the questions and answers, sorted. A word that
follows a space carries the mark `▁`, as in SentencePiece, so decoding restores the spaces. Case is
kept ("As" is arsenic, "as" is not), hence a question's words are listed as written and in lower case.
"""

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SPECIAL = ("<pad>", "</s>", "<unk>")
PUNCTUATION = ("?", ".", ",", "!", ";", ":", '"', "(", ")", "'", "'s")
MAX_QUESTION_TOKENS = 64
# The possessive 's, a closing apostrophe, punctuation, and the full stop that ends the text.
_SPLIT = Regex(r"'s(?!\w)|'(?!\w)|[?!,;:\"()]|\.$")


def _splitter() -> Tokenizer:
    """Normaliser, splitter and decoder around a vocabulary that is still empty."""
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Replace(Regex("[‘’ʻ]"), "'"),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(prepend_scheme="always"), pre_tokenizers.Split(_SPLIT, "isolated")]
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def build_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that knows every word of `texts` and the usual punctuation.

    Deterministic: the same set of words gives the same ids, whatever their order.
    """
    tokenizer = _splitter()
    words = set(PUNCTUATION)
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text)
        words |= {piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)}
    vocabulary = {token: id_ for id_, token in enumerate((*SPECIAL, *sorted(words)))}
    tokenizer.model = models.WordLevel(vocabulary, unk_token="<unk>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", vocabulary["</s>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=MAX_QUESTION_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
    )
