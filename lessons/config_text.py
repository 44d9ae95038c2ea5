"""A visitor's config.json, read as data: the families that are measured, bounded sizes, and one sentence for what is refused.

Nothing in it is followed: no code of a repository, no path, no kernel or file to fetch. What is left describes sizes. In its
place a visitor may name a repository of the Hub, of which config.json is fetched, and no other file.
"""

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from explorable.params import IN_A_LINK, BadParam, shorten
from explorable.progress import tell
from models.hub import REPOSITORY, ModelUnavailable, fetch_config

CONFIGS = Path(__file__).parent.parent / "assets" / "configs"
READY = {  # made by this project from the public sizes of each architecture
    name: (CONFIGS / f"{stem}.json").read_text("utf-8")
    for name, stem in (
        ("Llama 8B", "llama_8b"),
        ("BERT base", "bert_base"),
        ("T5 base", "t5_base"),
        ("BART base", "bart_base"),
        ("GPT-2", "gpt2"),
        ("Mixtral 8x7B", "mixtral_8x7b"),
        ("ViT base", "vit_base"),
        ("ModernBERT base", "modernbert_base"),
        ("ResNet-50", "resnet50"),
    )
}
FAMILIES = frozenset(  # of each, a step of a small model on a CPU held the same bytes
    (
        "bart beit bert blenderbot bloom camembert codegen cohere cohere2 deberta-v2 dinov2 distilbert electra "
        "ernie4_5 eurobert exaone4 falcon gemma gemma2 gemma3_text glm glm4 gpt2 gpt_bigcode gpt_neox gpt_oss gptj "
        "granite granitemoe helium llama marian mistral mixtral modernbert mpt mt5 nomic_bert olmo2 olmo3 olmoe opt "
        "pegasus phi phi3 phimoe qwen2 qwen2_moe qwen3 qwen3_moe resnet roberta seed_oss smollm3 stablelm starcoder2 t5 umt5 "
        "vit xglm xlm-roberta "
    ).split()
)
DRAWN = re.compile(r"(^|_)layerdrop$")  # a number is drawn for each layer, and compared
LARGEST, MOST_LAYERS, MOST_VALUES = 20_000_000, 200, 20_000
IGNORED = {
    "architectures", "attn_implementation", "auto_map", "dtype", "finetuning_task", "gradient_checkpointing", "id2label",
    "label2id", "name_or_path", "output_attentions", "output_hidden_states", "problem_type", "pruned_heads",
    "quantization_config", "return_dict", "task_specific_params", "tokenizer_class", "torch_dtype", "torchscript",
    "transformers_version", "use_cache", "use_bfloat16",
}  # fmt: skip
SIZE = re.compile(
    r"((^|_)(sizes?|depths|heads|layers?|dim|experts|channels|positions|embeddings|embd|head|inner|ctx|labels)|d_model|d_kv|d_ff|_per_tok)$"
)


@lru_cache(maxsize=64)
def config_text(config: str) -> str:
    """What describes the model, as JSON of one line; asks the Hub where the text is the name of a repository. Raises BadParam."""
    given = _object(_fetched(config.strip()) if REPOSITORY.fullmatch(config.strip()) else config)
    read = {name: value for name, value in given.items() if name not in IGNORED and not name.startswith("_")}
    _refuse_family(read.get("model_type"))
    for name, value in read.items():
        _refuse(name, value)
    if isinstance(labels := given.get("id2label"), dict):
        read.setdefault("num_labels", max(1, min(len(labels), MOST_VALUES)))
    return json.dumps(read)


def values_of(params: Any) -> dict[str, Any]:
    """The program's parameters; a config too long for a page is read from a file there."""
    text = config_text(params.config)
    long = len(text) > IN_A_LINK
    return {**vars(params), "config": "" if long else text, "file": "config.json" if long else ""}


def given_of(params: Any) -> dict[str, Any]:
    """The long text itself, in place of that file."""
    text = config_text(params.config)
    return {"text": text} if len(text) > IN_A_LINK else {}


@cache
def _names() -> dict[str, str]:
    return {config_text(text): name for name, text in READY.items()}


def name_of(config: str) -> str:
    """The model as sentences call it."""
    text = config_text(config)
    return _names().get(text) or f"this {json.loads(text)['model_type']}"


def cannot(error: str) -> str:
    """One sentence for what transformers or torch says of a config that it cannot build."""
    kind, _, said = error.partition(": ")
    said = re.split(r"(?<=[a-z)'`\"])[.!]\s|\n\n", " ".join(said.split()))[0].rstrip(" .:")[:240]
    if "scaled_dot_product_attention" in said or "sdpa" in said:
        return "This model has no sdpa attention in transformers; set attention to eager."
    return f"config: transformers cannot make and train this model ({kind}: {said})."


def _fetched(repo: str) -> str:
    """The config.json of a repository of the Hub; whoever watches the run sees the time go by, and may cancel it."""
    try:
        return fetch_config(repo, lambda share: tell(int(100 * share), 100))
    except ModelUnavailable as error:
        raise BadParam(f"config: {str(error).rstrip('.')}; paste the text of its config.json instead.") from None


def _object(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise BadParam("config is nested too deep; a config.json has at most 4 levels.") from None
    except ValueError as error:
        raise BadParam(
            f"config must be the text of a config.json, which is JSON ({str(error)[:80]}), or a name of the Hub such as "
            "google-bert/bert-base-uncased."
        ) from None
    if not isinstance(read, dict):
        raise BadParam(f'config must be a JSON object such as {{"model_type": "bert"}}, not {shorten(read)}.')
    return read


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _refuse_family(family: Any) -> None:
    if family is None:
        raise BadParam('config has no model_type, such as "model_type": "bert".')
    if not isinstance(family, str) or family not in FAMILIES:
        raise BadParam(
            f"config: model_type must be one of the {len(FAMILIES)} families that are measured here, such as llama, bert, t5, bart, "
            f"gpt2, mixtral and vit, not {shorten(family)}."
        )


def _refuse(name: str, value: Any, level: int = 1) -> None:
    """Raises BadParam where the value is none that a config has, or too large."""
    field = shorten(name)[1:-1]
    if level > 3:
        raise BadParam(f"config: {field} is nested too deep; a config.json has at most 4 levels.")
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if len(inside) > MOST_VALUES:
        raise BadParam(f"config: {field} holds {len(inside):,} values; at most {MOST_VALUES:,} are read.")
    for one in inside:
        _refuse(name, one, level + 1)
    if isinstance(value, str) and len(value) > 200:
        raise BadParam(f"config: {field} must have at most 200 characters, not {len(value):,}.")
    if DRAWN.search(name) and value:
        raise BadParam(
            f"config: {field} must be 0 or left out, not {shorten(value)}: it skips layers at random, and tensors without data "
            "hold no random number to decide by."
        )
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _refuse_number(name, field, value)
    elif level == 1 and isinstance(value, (str, dict)) and SIZE.search(name):
        raise BadParam(f"config: {field} must be a whole number from 1 to {_most(name):,}, not {shorten(value)}.")


def _refuse_number(name: str, field: str, value: float) -> None:
    least, most = (1, _most(name)) if SIZE.search(name) else (-LARGEST, LARGEST)
    if not least <= value <= most or SIZE.search(name) and not isinstance(value, int):
        kind = "a whole number" if SIZE.search(name) else "a number"
        raise BadParam(f"config: {field} must be {kind} from {least:,} to {most:,}, not {shorten(value)}.")


def _most(name: str) -> int:
    if name == "num_labels":
        return MOST_VALUES
    return MOST_LAYERS if re.search(r"(layers?|depths)$", name) else LARGEST
