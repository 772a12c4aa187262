from __future__ import annotations

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code, data

UPLOAD = "/v1/files/upload"


def test_an_upload_is_named_measured_and_found_again(api: ApiClient) -> None:
    file = api.upload("trä in.jpeg", b"x" * 100_000)
    assert (file["file_name"], file["bytes"], len(file["id"])) == ("trä in.jpeg", 100_000, 19)
    assert data(api.get("/v1/files/retrieve", params={"file_id": file["id"]})) == file
    assert api.emulator.calls_to(UPLOAD)[0].body == 100_000


def test_an_upload_is_one_file_with_something_in_it(api: ApiClient) -> None:
    assert code(api.post(UPLOAD, files={"file": ("a.txt", b"")})) == 4300
    assert code(api.post(UPLOAD, json={})) == 4300
    two = [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]
    assert code(api.post(UPLOAD, files=two)) == 4301


def test_an_upload_over_the_limit_is_refused() -> None:
    with Emulator(upload_limit=10) as emulator, ApiClient(emulator) as api:
        assert code(api.post(UPLOAD, files={"file": ("a.txt", b"x" * 11)})) == 4302


def test_files_belong_to_their_account(api: ApiClient, emulator: Emulator) -> None:
    file = api.upload()
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        assert code(other.get("/v1/files/retrieve", params={"file_id": file["id"]})) == 4200
