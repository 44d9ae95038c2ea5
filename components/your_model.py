"""Your model: what a config.json holds, moves and costs."""

from components.chapter import Chapter

CHAPTER = Chapter("your_model", "Your model", ("will_it_fit",))
