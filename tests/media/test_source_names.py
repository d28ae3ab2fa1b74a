"""Names of sources: relative to the root, found again below it, and without secrets."""

import os

import pytest

from transforms.media.source_names import (
    common_root,
    found_uri,
    named_text,
    public_command,
    public_text,
    public_uri,
    stored_name,
)

ROOTS = [
    (["/data/in"], "/data/in"),
    (["/data/in/a", "/data/in/b/c"], "/data/in"),
    (["/data/in", "/data/interview"], "/data"),
    (["s3://b/raw", "s3://b/raw/deep"], "s3://b/raw"),
    (["/data", "s3://b"], ""),
    (["https://anna:pw@host/in"], "https://host/in"),
]


@pytest.mark.parametrize(("folders", "root"), ROOTS)
def test_the_root_is_the_deepest_folder_of_all(folders, root):
    assert common_root(folders) == root


@pytest.mark.parametrize("name", ["a.mp4", "deep/er/b c#?.mp4", "file:x", "new\nline", "100%41.mp4"])
@pytest.mark.parametrize("root", ["/data/in", "s3://b/raw"])
def test_a_name_leads_back_to_its_file_in_any_root(name, root):
    stored = stored_name(f"{root}/{name}", root)
    assert stored == (name if name != "file:x" else "./file:x")
    assert found_uri(stored, root) == f"{root}/{name}" and found_uri(stored, "/else") == f"/else/{name}"


def test_a_name_that_is_no_utf8_is_stored_encoded_and_found_again():
    uri = "file:///data/in/caf%E9%20%25.mp4"
    assert stored_name(uri, "/data/in") == "file:caf%E9%20%25.mp4"
    assert found_uri("file:caf%E9%20%25.mp4", "/data/in") == uri
    assert os.fsdecode(b"/d\xff") and stored_name("file:///d%FF/x", os.fsdecode(b"/d\xff")) == "file:x"


@pytest.mark.parametrize(
    ("uri", "root", "name"),
    [
        ("/data/other/x.mp4", "/data/in", "../other/x.mp4"),
        ("/x.mp4", "/data/in/deep", "../../../x.mp4"),
        ("s3://b/more/x.mp4", "s3://b/raw", "../more/x.mp4"),
        ("s3://other/x.mp4", "s3://b/raw", "../../other/x.mp4"),
        ("file:///data/caf%E9.mp4", "/data/in", "file:../caf%E9.mp4"),
    ],
)
def test_a_name_beside_the_root_leads_back_as_well(uri, root, name):
    assert stored_name(uri, root) == name and found_uri(name, root) == uri


def test_a_uri_of_another_store_is_stored_whole():
    assert stored_name("s3://b/x", "/data/in") == "s3://b/x" == found_uri("s3://b/x", "/data/in")
    assert stored_name("/data/x", "") == "/data/x" == found_uri("/data/x", "/else")


@pytest.mark.parametrize(
    ("uri", "public"),
    [
        ("https://anna:pw@host:81/a.mp4?X-Amz-Signature=ab&x=1", "https://host:81/a.mp4"),
        ("https://host/a.mp4?sv=2024&sig=ab%2F", "https://host/a.mp4"),
        ("https://token@host/a.mp4", "https://host/a.mp4"),
        ("https://host/watch?v=abc", "https://host/watch?v=abc"),
        ("s3://id:secret@bucket/what?.mp4", "s3://bucket/what?.mp4"),
        ("abfs://container@account.net/a.mp4", "abfs://container@account.net/a.mp4"),
        ("/data/a:b@c?sig=x.mp4", "/data/a:b@c?sig=x.mp4"),
    ],
)
def test_a_public_uri_names_the_object_without_secrets(uri, public):
    assert public_uri(uri) == public
    assert public_text(f"cannot read '{uri}': gone") == f"cannot read '{public}': gone" or uri.startswith("/")


def test_a_command_line_shows_no_secret():
    given = ["--s3_secret_access_key", "x", "--s3_session_token=x", "--input=https://a:x@h/v?sig=x", "--output", "out"]
    assert public_command(given) == [
        "--s3_secret_access_key",
        "...",
        "--s3_session_token=...",
        "--input=https://h/v",
        "--output",
        "out",
    ]


@pytest.mark.parametrize("name", ["it's.mp4", "new\nline.mp4", 'a "b".mp4'])
def test_a_message_names_the_source_and_not_where_it_lies(name):
    assert "/d/" not in named_text(f"{'/d/' + name!r} is empty", (f"/d/{name}", ""), name)
