"""Tables."""

from statistics import median

WIDTH = 88


def ratio(of, to):
    """The median of the ratios of two lists, taken pair by pair: both values of a pair are of one round."""
    return median(a / b for a, b in zip(of, to, strict=True))


def title(text):
    print(f"{text:<{WIDTH}} {'':>10}  goal")


def line(name, value, at_most=None, at_least=None):
    """One number, and whether it is good enough."""
    goal = "-"
    if at_most is not None:
        goal = f"<= {at_most}  {'ok' if value <= at_most else 'MISSED'}"
    if at_least is not None:
        goal = f">= {at_least}  {'ok' if value >= at_least else 'MISSED'}"
    print(f"{name:<{WIDTH}} {value:>10.3f}  {goal}", flush=True)
