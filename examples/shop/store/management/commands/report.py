"""A one-off: ``twelve run -- python manage.py report``."""

from django.core.management.base import BaseCommand
from django.db.models import Count, Sum

from store.models import Product


class Command(BaseCommand):
    """Say what was sold."""

    help = "Say what was sold, product by product."

    def handle(self, **options):
        """Print a line for each product."""
        for product in Product.objects.annotate(n=Count("orders"), sold=Sum("orders__quantity")):
            self.stdout.write(f"{product.name:24} {product.n:6} orders {product.sold or 0:6} sold")
