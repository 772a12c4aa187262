"""The command `cozekit`: Coze from a terminal, on top of the client; it imports neither adapter."""
