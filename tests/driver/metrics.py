"""The numbers of /metrics."""

from driver.api import Native


def samples(gateway):
    """Every sample by its name and labels, without the prefix."""
    lines = Native(gateway.native).get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("meridian_"))
    return {name.removeprefix("meridian_"): float(value) for name, value in pairs}
