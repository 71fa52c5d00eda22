"""Times in the exchange's zone, in the forms that the two APIs take."""

from datetime import datetime, timedelta, timezone

IST = timezone(timedelta(hours=5, minutes=30))


def now():
    return datetime.now(IST)


def days_ago(days, hour=10):
    """A full hour in the recent past."""
    return now().replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(days=days)


def kite(moment):
    """As the Kite API takes it."""
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")
