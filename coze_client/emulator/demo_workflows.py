"""The workflows that every emulator has, by the name of their function."""

from __future__ import annotations

from typing_extensions import TypedDict

from .workflows import Steps, Workflow, ask, named_workflow


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


def standard_workflows() -> list[Workflow]:
    """The same ids in every emulator."""
    return [named_workflow(function, number=n) for n, function in enumerate((book_table,))]
