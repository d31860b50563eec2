# SPDX-License-Identifier: Apache-2.0
"""docs/api/openapi.yaml, and whether an answer is as it says. Properties that it does not name
are errors here, so that nothing is left undescribed."""
import copy
import json
import re

import jsonschema
import yaml

from demo_fleet import ROOT

PATH = ROOT / "docs/api/openapi.yaml"
METHODS = ("get", "head", "put", "post", "patch", "delete")


def closed(schema):
    """The same schema, but with every object that lists its properties closed."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


class Description:
    def __init__(self):
        self.document = yaml.safe_load(PATH.read_text())
        self.open = copy.deepcopy(self.document["components"])
        self.document["components"]["schemas"] = closed(self.document["components"]["schemas"])
        self.seen = set()  # (method, path, status)

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method]

    def operation(self, method, path):
        item = self.document["paths"][path]
        return item[method], item.get("parameters", [])

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def check_value(self, schema, value):
        whole = {"$defs": self.document["components"]["schemas"], **schema}
        text = json.dumps(whole).replace("#/components/schemas/", "#/$defs/")
        jsonschema.Draft202012Validator(json.loads(text)).validate(value)

    def check_answer(self, method, path, status, headers, body):
        operation, _ = self.operation(method, path)
        assert str(status) in operation["responses"], f"{method} {path} answers {status}: {body[:300]}"
        self.seen.add((method, path, str(status)))
        answer = self.resolve(operation["responses"][str(status)])
        for name, header in answer.get("headers", {}).items():
            header = self.resolve(header)
            assert name in headers or not header.get("required"), f"{name} is missing"
            if name in headers:
                self.check_value(header["schema"], headers[name])
        content = answer.get("content", {})
        if method == "head" or not content:
            assert body == b""
            return None
        kind = headers["Content-Type"].split(";")[0]
        assert kind in content, f"{method} {path} {status} is {kind}"
        schema = content[kind].get("schema")
        value = json.loads(body) if kind == "application/json" else body
        if schema:
            self.check_value(closed(schema), value if kind == "application/json" else value.decode())
        return value

    def check_request(self, method, path, kind, body):
        """What we send to be accepted is what the description allows."""
        operation, _ = self.operation(method, path)
        wanted = self.resolve(operation.get("requestBody", {}))
        if body is None:
            assert not wanted.get("required")
            return
        schema = wanted["content"][kind].get("schema")
        if schema and kind == "application/json":
            self.check_value(schema, json.loads(body))

    def check_path(self, path, args):
        item = self.document["paths"][path]
        names = re.findall(r"\{(\w+)\}", path)
        described = {p["name"]: p for p in map(self.resolve, item.get("parameters", []))}
        assert sorted(names) == sorted(described) == sorted(args)
