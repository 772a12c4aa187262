"""Tests of ``llama_index_coze``."""
