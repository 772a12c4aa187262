"""Sets a variable of one end user, and reads it again."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
bot_id = os.environ["COZE_BOT_ID"]

# The bot must have a variable of this name.
client.variables.update(bot_id=bot_id, connector_uid="examples", data={"city": "Zurich"})
[variable] = client.variables.retrieve(bot_id=bot_id, connector_uid="examples", keywords=["city"])
print(variable.keyword, "is now", variable.value)
