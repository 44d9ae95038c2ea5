"""The chapters, in the order of the course. A chapter that is not here is not in the app."""

from components import data_loader, edit_lab, nn_module, qa_logits, torch_stack, train_eval, training_step, your_model

CHAPTERS = (
    train_eval.CHAPTER,
    training_step.CHAPTER,
    torch_stack.CHAPTER,
    data_loader.CHAPTER,
    qa_logits.CHAPTER,
    nn_module.CHAPTER,
    edit_lab.CHAPTER,
    your_model.CHAPTER,
)
