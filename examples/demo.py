"""What the packages do, shown in a terminal: `make demo`.

Every scene prints its own code and then runs it. The bots are those of a local Coze that lasts as long as the demo.
With ``COZE_API_TOKEN`` and ``COZE_BOT_ID`` set, your own bot plays where no declared plugin or broken line is needed.
"""

from __future__ import annotations

import argparse
import base64
import inspect
import io
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from coze_client import CozeClient, CozeError, Message
from coze_client.emulator import Emulator, faults
from coze_client.emulator.demo_library import reader
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.scripts import Answer, Item, Turn
from coze_client.emulator.state.dataset_records import FIRST_DATASET_ID

PICTURE = Path(__file__).with_name("picture.png")


# --- the scenes: what is shown is what runs ---


def chain(bot_id: str) -> None:
    """Your bot in a LangChain chain, word by word, with its usage"""
    from langchain_core.callbacks import get_usage_metadata_callback
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate

    from langchain_coze import ChatCoze

    prompt = ChatPromptTemplate.from_template("Tell me about {topic}.")
    my_chain = prompt | ChatCoze(bot_id=bot_id) | StrOutputParser()
    with get_usage_metadata_callback() as usage:
        for text in my_chain.stream({"topic": "streaming"}):
            print(text, end="")
    print("\nusage:", *usage.usage_metadata.values())


def agent(bot_id: str) -> None:
    """A bot that calls your Python functions, in a LangChain agent"""
    from langchain.agents import create_agent
    from langchain_core.messages import HumanMessage

    from langchain_coze import ChatCoze

    def get_weather(city: str) -> str:
        """The weather in a city now."""
        return {"Zurich": "14 °C and rain", "Lisbon": "24 °C and sun"}[city]

    my_agent = create_agent(ChatCoze(bot_id=bot_id), [get_weather])
    question = HumanMessage("What is the weather in Zurich and in Lisbon?")
    for message in my_agent.invoke({"messages": [question]})["messages"]:
        for call in getattr(message, "tool_calls", []):
            print("call:", call["name"], call["args"])
        if message.text:
            print(f"{message.type}:", message.text)


def booking(bot_id: str) -> None:
    """A workflow as the agent's tool: it asks you, and the same run goes on"""
    from langchain.agents import create_agent
    from langchain_core.messages import HumanMessage
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command

    from langchain_coze import ChatCoze, CozeWorkflowTool

    book = CozeWorkflowTool.from_workflow("7420000000000000001")
    my_agent = create_agent(ChatCoze(bot_id=bot_id), [book], checkpointer=InMemorySaver())
    thread: RunnableConfig = {"configurable": {"thread_id": "1"}}
    state = my_agent.invoke({"messages": [HumanMessage("Please book a table for 4 in Rome")]}, thread)
    print("asked:", state["__interrupt__"][0].value["question"])
    print("you: 19:00")
    state = my_agent.invoke(Command(resume="19:00"), thread)
    print("ai:", state["messages"][-1].text)


def library(bot_id: str) -> None:
    """Your texts in a dataset: uploaded, found again, cited in an answer"""
    from langchain_core.documents import Document

    from langchain_coze import ChatCoze, CozeDatasetWriter, CozeRetriever

    client, workspace = CozeClient(), "7340000000000000001"
    dataset = client.datasets.create(name="house", workspace_id=workspace)
    texts = {
        "tables.txt": "A table is kept for 15 minutes.",
        "animals.txt": "Dogs are welcome on the terrace. Cats are not.",
        "weather.txt": "In the rain the terrace is closed.",
    }
    house = [Document(texts[name], metadata={"source": name}) for name in texts]
    print(CozeDatasetWriter(client, dataset).add(house))

    # Coze has no search endpoint; a workflow of three nodes does it
    finder = CozeRetriever(workflow_id="7420000000000000002", k=2)
    question = "Are dogs welcome on the terrace?"
    found = finder.invoke(question, dataset_ids=(dataset,))
    slices = [f"[{n}] {each.page_content}" for n, each in enumerate(found, 1)]
    prompt = "\n".join([*slices, f"Question: {question}"])
    for chunk in ChatCoze(bot_id=bot_id).stream(prompt):
        print(chunk.text, end="")
    for n, each in enumerate(found, 1):
        print(f"\n[{n}]", each.metadata["document_name"], end="")


def picture(bot_id: str) -> None:
    """A question with a picture: uploaded once, then named by its id"""
    from langchain_core.messages import HumanMessage

    from langchain_coze import ChatCoze

    image = base64.b64encode(PICTURE.read_bytes()).decode()
    question = HumanMessage(
        [
            {"type": "text", "text": "What do you see?"},
            {"type": "image", "base64": image, "mime_type": "image/png"},
        ]
    )
    for chunk in ChatCoze(bot_id=bot_id).stream([question]):
        print(chunk.text, end="")


def llama(bot_id: str) -> None:
    """The same bot as a LlamaIndex LLM"""
    from llama_index.core.llms import ChatMessage

    from llama_index_coze import CozeLLM

    llm = CozeLLM(bot_id=bot_id)
    question = ChatMessage("Tell me about LlamaIndex.")
    for response in llm.stream_chat([question]):
        print(response.delta, end="")


def healing(bot_id: str) -> None:
    """The line breaks in the middle of an answer, and the answer is whole"""
    with CozeClient().chats.stream(
        bot_id=bot_id,
        user_id="me",
        additional_messages=[Message.user("What if the line breaks?")],
    ) as stream:
        for event in stream:
            print(event.delta, end="")


class Scene(NamedTuple):
    """A scene, the local bot in it, whether your own bot may take the part, and what goes wrong on the way."""

    play: Callable[[str], None]
    bot: str
    open_to_yours: bool = True
    fault: Fault | None = None


SCENES = (
    Scene(chain, "guide"),
    Scene(agent, "plugins", open_to_yours=False),
    Scene(booking, "plugins", open_to_yours=False),
    Scene(library, "reader", open_to_yours=False),
    Scene(picture, "vision"),
    Scene(llama, "guide"),
    Scene(healing, "guide", open_to_yours=False, fault=faults.CutAfterEvents(14)),
)

SAYINGS = {
    "streaming": "Each word here came as an event of its own, over HTTP on a real port. "
    "A script wrote it; with your own bot, its model does.",
    "llamaindex": "The same bot over the same client, in LlamaIndex's own types, for query engines and agents alike.",
    "breaks": "In the middle of this very sentence the server closed the line. The chat ran on, so the client asked "
    "how it ended, listed its messages, and gave out what was missing, in one piece. Nothing was started twice.",
}


def guide(turn: Turn) -> Iterator[Item]:
    """The local bot that tells what is going on."""
    known = [saying for word, saying in SAYINGS.items() if word in turn.question.lower()]
    yield Answer(known[0] if known else f"You asked: {turn.question}")


# --- the stage ---


class Screen(io.TextIOBase):
    """Takes what a scene prints, and shows it in colour: each piece in the other shade, so that events can be seen."""

    SHADES = ("cyan", "green")

    def __init__(self, console: Console) -> None:
        self.console = console
        self._column = 0
        self._pieces = 0

    def write(self, text: str) -> int:
        self._pieces += bool(text.strip())
        shade = self.SHADES[self._pieces % 2]
        for word in re.findall(r"\n|[^\S\n]+|\S+", text):
            self._put(word, shade)
        return len(text)

    def _put(self, word: str, shade: str) -> None:
        if word == "\n" or self._column + len(word) > self.console.width - 2:
            self.console.print()
            self._column = 0
        if word == "\n" or (not self._column and word.isspace()):
            return
        shown = word if self._column else "  " + word
        self.console.print(Text(shown, shade), end="", soft_wrap=True)
        self._column += len(shown)

    def end_line(self) -> None:
        """Begins a new line unless one has just begun."""
        if self._column:
            self.write("\n")


def code_of(play: Callable[[str], None]) -> str:
    """The body of a scene's function, without its docstring."""
    source = inspect.getsource(play)
    return textwrap.dedent(source.split('"""', 2)[2].lstrip("\n")).rstrip()


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """These variables as long as a scene lasts: its clients find their server and token there."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


class Demo:
    """The scenes, one after the other, on a local Coze or with your own bot."""

    def __init__(self, emulator: Emulator, console: Console, your_bot: str | None) -> None:
        self.emulator = emulator
        self.console = console
        self.your_bot = your_bot
        self.failures = 0

    def run(self) -> None:
        self._greet()
        for number, scene in enumerate(SCENES, 1):
            self.console.print(Rule(f"[bold]{number}. {scene.play.__doc__}", style="magenta", align="left"))
            code = Syntax(code_of(scene.play), "python", theme="ansi_dark", background_color="default")
            self.console.print(Padding(code, (1, 2)))
            self._play(scene)
        self._part()

    def _greet(self) -> None:
        where = (
            f"Bot [cyan]{self.your_bot}[/] of your Coze account plays; where a declared plugin or a broken line is "
            f"needed, a scripted bot of the local Coze at [cyan]{self.emulator.url}[/] does."
            if self.your_bot
            else f"A local Coze runs at [cyan]{self.emulator.url}[/], with scripted bots: no account needed. With "
            "[cyan]COZE_API_TOKEN[/] and [cyan]COZE_BOT_ID[/] set, your own bot plays instead."
        )
        where += "\n\nThe colour changes with every event of a stream."
        self.console.print(Panel(where, title="[bold]coze-adapters", border_style="magenta", padding=(1, 2)))

    def _play(self, scene: Scene) -> None:
        screen = Screen(self.console)
        if self.your_bot and scene.open_to_yours:
            self._perform(scene, self.your_bot, screen)
            return
        before, started = len(self.emulator.calls), self._started()
        if scene.fault:
            self.console.print(f"  [red]✂ {scene.fault!r}[/]")
            self.emulator.inject(scene.fault)
        with environment(COZE_API_BASE=self.emulator.url, COZE_API_TOKEN=self.emulator.token):
            self._perform(scene, self.emulator.bots[scene.bot], screen)
        for call in self.emulator.calls[before:]:
            self.console.print(f"  [dim]{call.method} {call.path}[/]")
        told = ", ".join(
            f"{kind} started: {n - started[kind]}" for kind, n in self._started().items() if n > started[kind]
        )
        self.console.print(f"  [dim]{told}[/]\n")

    def _started(self) -> dict[str, int]:
        return {"chats": self.emulator.chats_started, "runs": self.emulator.runs_started}

    def _perform(self, scene: Scene, bot_id: str, screen: Screen) -> None:
        try:
            with redirect_stdout(screen):
                scene.play(bot_id)
        except CozeError as error:
            self.failures += 1
            screen.end_line()
            self.console.print(Text(f"  {type(error).__name__}: {error}", "red"))
        screen.end_line()

    def _part(self) -> None:
        self.console.print(Rule(style="magenta"))
        self.console.print("  Next: [cyan]README.md[/], [cyan]examples/[/], [cyan]notebooks/[/]")


def main() -> int:
    parser = argparse.ArgumentParser(description="What the packages do, shown in a terminal.")
    parser.add_argument("--pace", type=float, default=0.04, help="seconds between two words of a local bot")
    pace = parser.parse_args().pace
    console = Console(file=sys.stdout, highlight=False)
    your_bot = os.environ.get("COZE_BOT_ID") if os.environ.get("COZE_API_TOKEN") else None
    with console.status("Loading LangChain and LlamaIndex …"):
        for framework in ("langchain.agents", "langchain_coze.chat_model", "llama_index_coze.llm"):
            import_module(framework)
    with Emulator(pace=pace) as emulator:
        emulator.add_bot("guide", guide)
        emulator.add_bot("reader", reader)
        emulator.add_knowledge_workflow([str(FIRST_DATASET_ID)])
        demo = Demo(emulator, console, your_bot)
        demo.run()
    return min(demo.failures, 1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
