"""Your model: what a config.json holds, moves and costs."""

from components.chapter import Chapter

CHAPTER = Chapter("your_model", "Your model", ("what_it_holds", "what_moves", "will_it_fit"))
