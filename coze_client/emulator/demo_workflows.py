"""The workflows that every emulator has, by the name of their function."""

from __future__ import annotations

from typing_extensions import TypedDict

from coze_client.emulator.workflows import Output, Steps, Workflow, ask, named_workflow


class Booking(TypedDict):
    """A table that was booked."""

    table: int
    city: str
    guests: int
    time: str


def book_table(city: str, guests: int = 2) -> Steps[Booking]:
    """Books a table in a restaurant, after asking for the time.

    Args:
        city: where to eat
        guests: how many come
    """
    yield f"Looking for a table for {guests} in {city}."
    time = yield ask("Which time suits you?", options=["18:00", "19:00", "20:00"], title="Time")
    return {"table": 7, "city": city, "guests": guests, "time": time}


class Price(TypedDict):
    """What a table costs."""

    price: int
    currency: str


def table_price(guests: int = 2) -> Price:
    """Tells what a table costs, in one go: no output nodes.

    Args:
        guests: how many come
    """
    return {"price": 25 * guests, "currency": "EUR"}


def seat_guests(guests: int = 2) -> Steps[str]:
    """Seats guests, and says so on the way.

    Args:
        guests: how many come
    """
    yield Output("Seats", f"Looking for {guests} chairs.")
    return "All are seated."


def host(words: str) -> str:
    """A chatflow that greets."""
    return f"Welcome! You said: {words}"


def standard_workflows() -> list[Workflow]:
    """The same ids in every emulator."""
    return [named_workflow(function, number=n) for n, function in enumerate((book_table,))]
