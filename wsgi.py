"""The WSGI entry, and the application of ``flask --app wsgi``, which knows every command of ``rollcall``."""

import click

from app import create_app
from app.cli import main

app = create_app()
for name in main.list_commands(click.Context(main)):
    command = main.get_command(click.Context(main), name)
    if command is not None:
        app.cli.add_command(command, name)
