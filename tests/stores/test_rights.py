"""What docs/storage.md says that the store's account must be allowed: the code asks for nothing else."""

import ast
from collections.abc import Iterator

import botocore.session
from botocore import xform_name

from tests.programs import ROOT

LIST = {"head_bucket", "list_objects_v2"}
READ = {"head_object", "get_object"}
WRITE = {"put_object", "create_multipart_upload", "upload_part", "complete_multipart_upload"}
DELETE = {"delete_object"}
UPLOADS = {"list_multipart_uploads", "abort_multipart_upload"}
OPERATIONS = {xform_name(name) for name in botocore.session.Session().get_service_model("s3").operation_names}


def find_operations(source: str) -> Iterator[str]:
    """Called by their names, or named for a paginator."""
    for node in ast.walk(ast.parse(source)):
        name = node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
        if name in OPERATIONS:
            yield str(name)


def test_the_store_is_asked_for_what_the_docs_name() -> None:
    used = {name for path in (ROOT / "app" / "stores").glob("*.py") for name in find_operations(path.read_text())}
    assert used == LIST | READ | WRITE | DELETE | UPLOADS
    page = " ".join((ROOT / "docs" / "storage.md").read_text().split())
    assert "list, read, write and delete objects below the prefix, and to list and abort multipart uploads" in page


def test_another_operation_is_noticed() -> None:
    """The control."""
    planted = "client().put_bucket_policy(Bucket=bucket)\nclient().get_paginator('list_object_versions')"
    assert set(find_operations(planted)) == {"put_bucket_policy", "list_object_versions"}
