"""The shop: its settings, its addresses and its job queue."""

from shop.celery import app as celery_app

__all__ = ["celery_app"]
