"""The workflow that every emulator has, and those that the command line adds for the examples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from typing_extensions import TypedDict

from coze_client.emulator.workflows import Image, Output, Steps, Workflow, ask, new_workflow


class Booking(TypedDict):
    """A booked table."""

    table: int
    city: str
    guests: int
    time: str


def book_table(city: str, guests: int = 2) -> Steps[Booking]:
    """Books a table in a restaurant, after asking for the time.

    Args:
        city: the city of the restaurant
        guests: the number of guests
    """
    yield f"Looking for a table for {guests} in {city}."
    time = yield ask("Which time suits you?", options=["18:00", "19:00", "20:00"], title="Time")
    return {"table": 7, "city": city, "guests": guests, "time": time}


class Price(TypedDict):
    """The price of a table."""

    price: int
    currency: str


def table_price(guests: int = 2) -> Price:
    """Returns the price of a table; has no output nodes.

    Args:
        guests: the number of guests
    """
    return {"price": 25 * guests, "currency": "EUR"}


def seat_guests(guests: int = 2) -> Steps[str]:
    """Seats guests; has an output node.

    Args:
        guests: the number of guests
    """
    yield Output("Seats", f"Looking for {guests} chairs.")
    return "All are seated."


def host(words: str, picture: Image | None = None) -> str:
    """A chatflow that greets the user, and looks at a picture."""
    return f"Welcome! You said: {words}" + (f" You show {picture}." if picture else "")


class HasWorkflows(Protocol):
    """What `add_workflows` needs of an emulator."""

    def workflow(self, *, chatflow: bool = False) -> Callable[[Callable[..., object]], Workflow]: ...


def add_workflows(emulator: HasWorkflows) -> None:
    """Add the workflows that the examples run, beside the standard one."""
    for function in (table_price, seat_guests):
        emulator.workflow()(function)
    emulator.workflow(chatflow=True)(host)


@cache  # to read a signature takes longer than all else of the emulator's start
def standard_workflows() -> tuple[Workflow, ...]:
    """Return the workflows of every emulator; their ids are always the same."""
    return tuple(new_workflow(function, number=n) for n, function in enumerate((book_table,)))
