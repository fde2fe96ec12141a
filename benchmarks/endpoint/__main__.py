"""The endpoint's process: `python -m benchmarks.endpoint --help`."""

import asyncio
import signal

import click

from benchmarks.endpoint.application import Application
from benchmarks.endpoint.http import serve


@click.command()
@click.option("--objects", default=0, metavar="N", help="Objects in the source.", type=click.IntRange(min=0))
@click.option("--records", default=0, metavar="N", help="Records in the audit table.", type=click.IntRange(min=0))
@click.option("--letters", default=0, metavar="N", help="Letters in the copy DLQ.", type=click.IntRange(min=0))
@click.option("--port", default=0, help="Where to listen.  [default: any free port]")
def main(*, objects: int, records: int, letters: int, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C; the address is printed when it can be asked."""
    application = Application(objects=objects, records=records, letters=letters)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(serve(application, port, ready=lambda port: click.echo(f"http://127.0.0.1:{port}")))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
