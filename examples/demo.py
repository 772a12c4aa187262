"""Shows in a terminal what the packages do: `make demo`.

Every scene prints its own code and then runs it. The bots run in an emulator, which stops at the end of the demo.
If ``COZE_API_TOKEN`` and ``COZE_BOT_ID`` are set, some scenes use your own bot. Scenes that need a declared plugin, a
dataset or a broken connection always use a bot of the emulator.
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


# --- the scenes: the printed code is the code that runs ---


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
    """A workflow as the agent's tool: it asks you a question, and your answer continues the same run"""
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
    """Your texts in a dataset: uploaded, recalled, and cited in an answer"""
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

    # Coze has no search endpoint; a workflow of three nodes can search
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
    """A question with an image: uploaded once, then sent by its id"""
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


def recovery(bot_id: str) -> None:
    """The connection breaks in the middle of an answer, and the answer is still complete"""
    with CozeClient().chats.stream(
        bot_id=bot_id,
        user_id="me",
        additional_messages=[Message.user("What if the connection breaks?")],
    ) as stream:
        for event in stream:
            print(event.delta, end="")


class Scene(NamedTuple):
    """A scene: its function, the emulator's bot for it, whether your own bot can replace that bot, and a fault."""

    run: Callable[[str], None]
    bot: str
    allows_your_bot: bool = True
    fault: Fault | None = None


SCENES = (
    Scene(chain, "guide"),
    Scene(agent, "plugins", allows_your_bot=False),
    Scene(booking, "plugins", allows_your_bot=False),
    Scene(library, "reader", allows_your_bot=False),
    Scene(picture, "vision"),
    Scene(llama, "guide"),
    Scene(recovery, "guide", allows_your_bot=False, fault=faults.CutAfterEvents(14)),
)

SAYINGS = {
    "streaming": "Each word of this answer arrived as a separate event, over HTTP on a real port. "
    "A script wrote the answer. With your own bot, its model writes it.",
    "llamaindex": "This is the same bot over the same client, in LlamaIndex's own types. Query engines and agents can "
    "use it.",
    "breaks": "In the middle of this sentence the server closed the connection. The chat continued on the server. "
    "So the client asked how it ended, listed its messages, and printed the missing part. Nothing was started twice.",
}


def guide(turn: Turn) -> Iterator[Item]:
    """The script of the bot that explains each scene."""
    known = [saying for word, saying in SAYINGS.items() if word in turn.question.lower()]
    yield Answer(known[0] if known else f"You asked: {turn.question}")


# --- the output ---


class Screen(io.TextIOBase):
    """Receives what a scene prints and shows it in two alternating colours, so that one can see the events."""

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
        """Starts a new line, unless the current line is empty."""
        if self._column:
            self.write("\n")


def code_of(scene: Callable[[str], None]) -> str:
    """Returns the body of a scene's function, without its docstring."""
    source = inspect.getsource(scene)
    return textwrap.dedent(source.split('"""', 2)[2].lstrip("\n")).rstrip()


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Sets environment variables during a scene: its clients read their server and token there."""
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
    """Runs the scenes one after the other, with bots of the emulator or with your own bot."""

    def __init__(self, emulator: Emulator, console: Console, your_bot: str | None) -> None:
        self.emulator = emulator
        self.console = console
        self.your_bot = your_bot
        self.failures = 0

    def run(self) -> None:
        self._print_intro()
        for number, scene in enumerate(SCENES, 1):
            self.console.print(Rule(f"[bold]{number}. {scene.run.__doc__}", style="magenta", align="left"))
            code = Syntax(code_of(scene.run), "python", theme="ansi_dark", background_color="default")
            self.console.print(Padding(code, (1, 2)))
            self._show(scene)
        self._print_next_steps()

    def _print_intro(self) -> None:
        where = (
            f"The demo uses bot [cyan]{self.your_bot}[/] of your Coze account. Scenes that need a declared plugin, a "
            f"dataset or a broken connection use a scripted bot of the emulator at [cyan]{self.emulator.url}[/]."
            if self.your_bot
            else f"The emulator, a local Coze, runs at [cyan]{self.emulator.url}[/] with scripted bots. You need no "
            "account. If you set [cyan]COZE_API_TOKEN[/] and [cyan]COZE_BOT_ID[/], the demo uses your own bot."
        )
        where += "\n\nThe colour changes with every event of a stream."
        self.console.print(Panel(where, title="[bold]coze-adapters", border_style="magenta", padding=(1, 2)))

    def _show(self, scene: Scene) -> None:
        screen = Screen(self.console)
        if self.your_bot and scene.allows_your_bot:
            self._run_with(scene, self.your_bot, screen)
            return
        before, started = len(self.emulator.calls), self._started()
        if scene.fault:
            self.console.print(f"  [red]✂ {scene.fault!r}[/]")
            self.emulator.inject(scene.fault)
        with environment(COZE_API_BASE=self.emulator.url, COZE_API_TOKEN=self.emulator.token):
            self._run_with(scene, self.emulator.bots[scene.bot], screen)
        for call in self.emulator.calls[before:]:
            self.console.print(f"  [dim]{call.method} {call.path}[/]")
        counts = ", ".join(
            f"{kind} started: {n - started[kind]}" for kind, n in self._started().items() if n > started[kind]
        )
        self.console.print(f"  [dim]{counts}[/]\n")

    def _started(self) -> dict[str, int]:
        return {"chats": self.emulator.chats_started, "runs": self.emulator.runs_started}

    def _run_with(self, scene: Scene, bot_id: str, screen: Screen) -> None:
        try:
            with redirect_stdout(screen):
                scene.run(bot_id)
        except CozeError as error:
            self.failures += 1
            screen.end_line()
            self.console.print(Text(f"  {type(error).__name__}: {error}", "red"))
        screen.end_line()

    def _print_next_steps(self) -> None:
        self.console.print(Rule(style="magenta"))
        self.console.print("  Next: [cyan]README.md[/], [cyan]examples/[/], [cyan]notebooks/[/]")


def main() -> int:
    parser = argparse.ArgumentParser(description="Shows in a terminal what the packages do.")
    parser.add_argument("--pace", type=float, default=0.04, help="seconds between two words of a bot of the emulator")
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
