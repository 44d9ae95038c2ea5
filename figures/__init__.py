"""Drawing only: a Result becomes rows of panels, which the views of the page draw."""
