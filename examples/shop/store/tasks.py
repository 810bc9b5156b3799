"""What the worker does."""

import logging
import os

from celery import shared_task
from django.utils import timezone

from store.models import Order

log = logging.getLogger(__name__)


@shared_task(autoretry_for=(OSError,), retry_backoff=True)
def pack(number):
    """Finish an order. Done twice it does no harm: a job comes back when its worker died."""
    name = os.environ.get("TWELVE_PROCESS", "worker")
    found = Order.objects.filter(pk=number, status=Order.WAITING).update(
        status=Order.DONE, packed_by=name, packed=timezone.now()
    )
    log.info("order %s %s", number, "packed" if found else "was packed before")
