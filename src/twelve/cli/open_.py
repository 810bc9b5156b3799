"""``twelve open``."""

import click

from twelve.cli.target import app_option, target


@click.command()
@app_option
def command(app: str) -> None:
    """Open the app in a browser, and print its URL."""
    aim = target(app)
    url = aim.client.get(f"{aim.path}/domains")["urls"][0]
    print(url)
    click.launch(url)
