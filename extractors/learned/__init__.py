"""The learned reader: a small fine-tuned sentence encoder that finds facts where phrases end."""
