"""Lists of routes as text, and the routes of coze-studio by version."""

from __future__ import annotations

Routes = frozenset[tuple[str, str]]


def read_routes(text: str) -> list[tuple[str, str]]:
    """Parse lines of methods and a path: `GET,POST /v1/datasets`."""
    lines = (line.split() for line in text.strip().splitlines())
    return [(method, path) for methods, path in lines for method in methods.split(",")]


STUDIO_ONLY: Routes = frozenset({("GET", "/v1/workflow/get_run_history")})
STUDIO_0_5_0: Routes = frozenset(
    read_routes("""
POST /v3/chat
POST /v3/chat/cancel
POST /v1/conversation/create
POST /v1/conversation/message/list
GET /v1/conversations
DELETE,PUT /v1/conversations/{conversation_id}
POST /v1/conversations/{conversation_id}/clear
POST /v1/files/upload
GET /v1/apps/{app_id}
GET /v1/bot/get_online_info
GET /v1/bots/{bot_id}
POST /v1/workflow/run
POST /v1/workflow/stream_run
POST /v1/workflow/stream_resume
GET /v1/workflow/get_run_history
POST /v1/workflow/conversation/create
POST /v1/workflows/chat
GET /v1/workflows/{workflow_id}
""")
)
STUDIO_ROUTES: Routes = STUDIO_0_5_0 | frozenset(
    read_routes("""
GET /v3/chat/retrieve
GET /v3/chat/message/list
GET /v1/conversation/retrieve
GET,POST /v1/datasets
DELETE,PUT /v1/datasets/{dataset_id}
GET /v1/datasets/{dataset_id}/images
POST /v1/datasets/{dataset_id}/process
POST /open_api/knowledge/document/create
POST /open_api/knowledge/document/list
POST /open_api/knowledge/document/update
POST /open_api/knowledge/document/delete
""")
)
"""What coze-studio serves from v0.5.1 on."""
