"""What the shop sells, and what was ordered."""

from django.db import models


class Product(models.Model):
    """A thing to buy."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    picture = models.CharField(max_length=8)
    description = models.TextField()
    cents = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return self.name

    @property
    def price(self):
        """The price as people write it."""
        return f"{self.cents // 100}.{self.cents % 100:02}"


class Order(models.Model):
    """One POST that was executed: written by web, finished by the worker."""

    WAITING = "waiting"
    DONE = "done by worker"

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="orders")
    quantity = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=20, default=WAITING, db_index=True)
    taken_by = models.CharField(max_length=80)
    packed_by = models.CharField(max_length=80, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    packed = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"order {self.pk}: {self.quantity} x {self.product.slug}, {self.status}"

    def as_json(self):
        """The order for programs."""
        return {
            "id": self.pk,
            "product": self.product.slug,
            "quantity": self.quantity,
            "status": self.status,
            "taken_by": self.taken_by,
            "packed_by": self.packed_by,
        }
