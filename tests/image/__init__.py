"""The image that ships: built by the real Dockerfile, run as the workflow runner runs it."""
