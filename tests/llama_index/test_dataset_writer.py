"""Writing LlamaIndex's nodes into a dataset; what is true for both frameworks is tested in tests/adapters."""

from __future__ import annotations

from llama_index.core.schema import ImageNode, TextNode

from coze_client import CozeClient
from coze_client.emulator import Emulator
from llama_index_coze import CozeDatasetWriter


def test_a_node_without_text_fails_by_itself(emulator: Emulator, client: CozeClient) -> None:
    nodes = [ImageNode(id_="picture"), TextNode(text="The owl", metadata={"file_name": "owl.pdf"})]
    report = CozeDatasetWriter(client, emulator.add_dataset("library", {})).add(nodes)
    assert [(result.name, result.status) for result in report] == [("picture", "failed"), ("owl.pdf", "ready")]
