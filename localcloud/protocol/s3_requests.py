"""A request to S3: its bucket, its key, its query and its headers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs
from xml.etree import ElementTree

from localcloud.protocol.requests import Request

_NO_SUBRESOURCES = {"awsaccesskeyid", "expires", "signature", "versionid", "x-id"}
"""Parameters of a signature, of a version, and the name that SDKs give to an operation."""


@dataclass(frozen=True)
class S3Request:
    """A request to S3, whose bucket is in its path or in its host's name."""

    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes = b""
    """Of a request that names the objects to delete."""

    @classmethod
    def of(cls, request: Request) -> S3Request:
        """Parses a request; a browser's form is read as the upload that it asks for.

        Raises ServiceError for a form that its policy does not allow.
        """
        path = request.path.encode("latin-1").decode(errors="replace").lstrip("/")
        name = request.header("Host").partition(":")[0]
        bucket = name.partition(".")[0] if name.endswith(".localhost") else ""
        if not bucket or bucket == "s3":
            bucket, _, path = path.partition("/")
        method, form = request.method, request.form
        if form is not None and not path:
            form.check(bucket)
            headers = {"x-amz-acl": form.fields["acl"]} if "acl" in form.fields else {}
            return cls(method, bucket, form.fields["key"], {}, form.fields | headers)
        named = parse_qs(request.query, keep_blank_values=True)
        query = {each: values[0] for each, values in named.items()}
        headers = dict(request.headers())
        if method == "POST" and not path and "delete" in query:
            return cls(method, bucket, path, query, headers, request.body)
        return cls(method, bucket, path, query, headers)

    @property
    def deletes_several(self) -> bool:
        """Whether the body names the objects to delete."""
        return self.method == "POST" and not self.key and "delete" in self.query

    @property
    def subresources(self) -> set[str]:
        """The parameters of its query that name a part or a setting of the object or bucket."""
        return {
            name
            for name in self.query
            if not name.lower().startswith(("x-amz-", "response-"))
            and name.lower() not in _NO_SUBRESOURCES
        }

    @property
    def creates_bucket(self) -> bool:
        """Whether it makes a bucket."""
        return self.method == "PUT" and bool(self.bucket) and not self.key and not self.subresources

    @property
    def completes_upload(self) -> bool:
        """Whether it makes an object of the parts that were uploaded."""
        return self.method == "POST" and "uploadId" in self.query


def xml_elements(body: bytes) -> list[ElementTree.Element]:
    """The elements of the document that a body has; none if it is not XML."""
    try:
        return list(ElementTree.fromstring(body))  # noqa: S314 - expat limits what entities expand to
    except ElementTree.ParseError:
        return []


def local_name(element: ElementTree.Element) -> str:
    """The name of an element, without its namespace."""
    return element.tag.rpartition("}")[2]
