"""What both adapters share: dialogues, answers, tools, retrieval and documents as values of no framework.

An adapter only converts between these values and the classes of its framework. Every rule about Coze is written once,
here or in a lower layer.
"""

SHARED_TYPES = {
    "AnyCozeClient": "coze_client.bridge.connection",
    "DefinitionCache": "coze_client.bridge.tools.definitions",
    "FilePaths": "coze_client.bridge.sound.transcripts",
    "OnMissing": "coze_client.bridge.loading.loader",
    "OnWriteProgress": "coze_client.bridge.writing.progress_bar",
    "Progress": "coze_client.bridge.writing.report",
    "SourceText": "coze_client.bridge.writing.sources",
    "UploadRecord": "coze_client.bridge.writing.upload_record",
    "WriteReport": "coze_client.bridge.writing.report",
    "WriteResult": "coze_client.bridge.writing.report",
    "WriteSource": "coze_client.bridge.writing.sources",
    "WriteStatus": "coze_client.bridge.writing.report",
}
"""Types of public signatures, and their modules: both adapters export them, and import each when it is first used."""
