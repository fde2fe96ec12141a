"""The console script `copytrail`: from here on a signal ends it quietly, also while the rest is imported."""

from ops.interrupts import take_over

take_over()


def main() -> None:
    """Run `copytrail` and exit."""
    from ops.cli import main as run  # noqa: PLC0415 - which takes a while

    run()
