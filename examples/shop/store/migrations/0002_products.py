"""What the shop sells from the first day."""

from django.db import migrations

PRODUCTS = [
    (
        "kettle",
        "Copper kettle",
        "🫖",
        5900,
        "Sings before it boils, so that you have time to find the cup.",
    ),
    (
        "notebook",
        "Dot-grid notebook",
        "📓",
        1450,
        "192 numbered pages. The index in front stays empty, as always.",
    ),
    ("lamp", "Reading lamp", "💡", 7900, "One warm light, one switch, nothing to install."),
    ("plant", "Patient plant", "🪴", 2400, "Forgives a forgotten week. Two, if you apologise."),
    ("pen", "Fountain pen", "🖋️", 3800, "Writes best what you have thought about first."),
    ("clock", "Kitchen clock", "⏰", 3300, "Twelve numbers, all of them in the right place."),
]


def add(apps, schema_editor):
    Product = apps.get_model("store", "Product")
    for slug, name, picture, cents, description in PRODUCTS:
        Product.objects.get_or_create(
            slug=slug,
            defaults={"name": name, "picture": picture, "cents": cents, "description": description},
        )


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
