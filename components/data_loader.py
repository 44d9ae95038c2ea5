"""DataLoader: from a dataset to the batch the model sees."""

from components.chapter import Chapter

CHAPTER = Chapter(
    "data_loader",
    "DataLoader",
    ("batches", "collate", "dataset", "iterable", "workers", "worker_seeds", "padding", "batch_memory", "own_data"),
)
