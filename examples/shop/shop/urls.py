"""The addresses of the shop."""

from django.urls import path

from store import views

urlpatterns = [
    path("", views.products, name="products"),
    path("products/<slug:slug>", views.product, name="product"),
    path("orders", views.orders, name="orders"),
    path("orders/<int:number>", views.order, name="order"),
    path("counters", views.counters, name="counters"),
    path("slow", views.slow, name="slow"),
    path("version", views.version, name="version"),
    path("healthz", views.healthz, name="healthz"),
]
