"""The keys of a payload that a seed fetches from elsewhere: `url` and `sha256`."""

from __future__ import annotations

import re
from typing import Annotated, Optional

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from deploy.core.inventory.names import plain_text
from deploy.core.inventory.part import Part

_HTTP = "http://"
_URL = re.compile(
    r"(?P<scheme>https?://)(?P<login>[^/?#@\s]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:@\s\[\]]+)(:[0-9]{1,5})?"
    r"(?P<path>/[^?#\s]*)?(\?[^#\s]*)?",
    re.ASCII,
)
_QUOTED = re.compile("(?:%[0-9A-Fa-f]{2})+")


def _url(text: str) -> str:
    plain_text(text)
    found = _URL.fullmatch(text)
    if found is None or not text.isascii():
        raise ValueError(f"'{text}' isn't a URL that a seed can fetch; write https://HOST/PATH")
    if found["login"] is not None:
        raise ValueError(f"'{found['scheme']}...' holds a login, which every reader of the inventory sees")
    return text


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError(f"'{text}' isn't a SHA-256; write its 64 hexadecimal digits, as `sha256sum` prints them")
    return text.lower()


def last_part(url: str) -> str:
    """The last part of a URL's path, as a file's name."""
    found = _URL.fullmatch(url)
    path = (found["path"] or "") if found else ""
    last = path.rstrip("/").rpartition("/")[2]
    return _QUOTED.sub(lambda quoted: bytes.fromhex(quoted[0].replace("%", "")).decode("utf-8", "replace"), last)


Url = Annotated[str, AfterValidator(_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
Sha256 = Annotated[str, AfterValidator(_sha256), WithJsonSchema({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})]


class UrlKeys(Part):
    """Where the payload comes from, and what it must be."""

    url: Optional[Url] = Field(default=None, description="A file that the first seed fetches: https://HOST/PATH")
    sha256: Optional[Sha256] = Field(default=None, description="With url: the file's SHA-256, which http:// must have")

    @model_validator(mode="after")
    def _known_by_its_hash(self) -> UrlKeys:
        if self.sha256 is not None and self.url is None:
            raise ValueError("has a sha256, which only a payload from a url has; remove it")
        if self.url is not None and self.sha256 is None and self.url.startswith(_HTTP):
            raise ValueError("comes over http, where anybody may change it; write https, or add sha256")
        return self
