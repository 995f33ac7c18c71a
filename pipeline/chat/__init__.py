"""A conversation over one packet: every statement of an answer is a verified excerpt, or it is not made."""
