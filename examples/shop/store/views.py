"""What the shop answers: pages to people, JSON to programs."""

import logging
import os
import time

from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from shop.version import VERSION
from store.models import Order, Product
from store.tasks import pack

log = logging.getLogger(__name__)

LONGEST = 300.0


@require_safe
def products(request):
    """Everything that the shop sells, and the newest orders."""
    newest = Order.objects.select_related("product")[:6]
    return render(
        request, "store/products.html", {"products": Product.objects.all(), "orders": newest}
    )


@require_safe
def product(request, slug):
    """One product, and the form to order it."""
    return render(request, "store/product.html", {"product": get_object_or_404(Product, slug=slug)})


# There are no users and no cookies, so a request from another site can do nothing that its sender
# could not do anyway: no CSRF token.
@require_POST
def orders(request):
    """Write an order and hand it to the worker."""
    wanted = get_object_or_404(Product, slug=request.POST.get("product", ""))
    quantity = request.POST.get("quantity", "1")
    if not (quantity.isascii() and quantity.isdigit() and 0 < int(quantity) <= 99):
        return HttpResponseBadRequest("quantity: write a number from 1 to 99\n")
    taken_by = os.environ.get("TWELVE_PROCESS", "web")
    made = Order.objects.create(product=wanted, quantity=int(quantity), taken_by=taken_by)
    pack.delay(made.pk)
    log.info("order %s: %s x %s", made.pk, made.quantity, wanted.slug)
    if for_people(request):
        return redirect("order", number=made.pk)
    return JsonResponse(made.as_json(), status=201)


@require_safe
def order(request, number):
    """One order; its page looks again until the worker has packed it."""
    found = get_object_or_404(Order.objects.select_related("product"), pk=number)
    if for_people(request):
        return render(request, "store/order.html", {"order": found})
    return JsonResponse(found.as_json())


@require_GET
def counters(request):
    """How many orders were executed, and how many of them the worker has finished."""
    done = Count("pk", filter=Q(status=Order.DONE))
    return JsonResponse(Order.objects.order_by().aggregate(orders=Count("pk"), done=done))


@require_GET
def slow(request):
    """Answer after ?seconds=, to watch what a deploy does to a request under way."""
    try:
        seconds = float(request.GET.get("seconds", "1"))
    except ValueError:
        return HttpResponseBadRequest("seconds: write a number\n")
    if not 0 <= seconds <= LONGEST:
        return HttpResponseBadRequest(f"seconds: write a number from 0 to {LONGEST:g}\n")
    time.sleep(seconds)
    return HttpResponse(f"slept {seconds:g} s in version {VERSION}\n", content_type="text/plain")


@require_GET
def version(request):
    """Which code answers."""
    return HttpResponse(f"{VERSION}\n", content_type="text/plain")


@require_GET
def healthz(request):
    """Whether this process can answer at all."""
    return HttpResponse("ok\n", content_type="text/plain")


def for_people(request):
    """Browsers ask for HTML by name; curl and other programs take anything."""
    return "text/html" in request.headers.get("Accept", "")
