"""Edit lab: change one fact in a model and see what it costs; train one live."""

from components.chapter import Chapter

CHAPTER = Chapter("edit_lab", "Edit lab", ("edit", "live_training"))
