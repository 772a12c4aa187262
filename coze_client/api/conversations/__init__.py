"""Conversations and their messages: create, list, change, rate and delete them."""
