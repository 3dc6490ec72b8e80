"""The demo: a new instance, five thermostats through the unmodified device SDK, and what they can do."""
