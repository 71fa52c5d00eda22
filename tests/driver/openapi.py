"""The OpenAPI document: which routes there are, what scope each names, and whether an answer fits it."""

from jsonschema import Draft202012Validator

METHODS = ("get", "post", "put", "patch", "delete")


def operations(document):
    """(method, path, operation) of every route."""
    return [
        (method, path, item[method]) for path, item in sorted(document["paths"].items())
        for method in METHODS if method in item
    ]


def scope_of(operation):
    """The scope that the route names, or `public`."""
    return operation["x-scope"]


def check_answer(document, method, path, answer):
    """The status is documented and a JSON body fits its schema."""
    responses = document["paths"][path][method]["responses"]
    status = str(answer.status_code)
    key = status if status in responses else "default"
    assert key in responses, f"{method} {path}: {status} is not documented: {answer.text[:300]}"
    response = responses[key]
    if "$ref" in response:
        response = _resolve(document, response["$ref"])
    content = response.get("content", {})
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if not content and not answer.content:
        return
    assert kind in content, f"{method} {path} {status}: {kind} is not documented"
    if kind == "application/json" and "schema" in content[kind]:
        # The whole document is the root, so that "#/components/..." resolves.
        schema = {**document, "allOf": [content[kind]["schema"]]}
        Draft202012Validator(schema).validate(answer.json())


def _resolve(document, reference):
    value = document
    for part in reference.removeprefix("#/").split("/"):
        value = value[part.replace("~1", "/").replace("~0", "~")]
    return value
