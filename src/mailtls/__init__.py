"""mailtls: the CI gate for mail transport security."""

__version__ = "0.1.0"
