"""The Runtime API's side of a Python function: asks for invocations and answers them, as Lambda's own bootstrap does."""

import http.client
import json
import os
import sys
import traceback

import function

API = "/2018-06-01/runtime/invocation"


def main():
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def ask(method, path, body=None):
        connection.request(method, API + path, body)
        response = connection.getresponse()
        return response.headers, response.read()

    while True:
        headers, event = ask("GET", "/next")
        identifier = headers["lambda-runtime-aws-request-id"]
        try:
            answer = json.dumps(function.handler(json.loads(event), None))
            ask("POST", f"/{identifier}/response", answer)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
            ask("POST", f"/{identifier}/error", json.dumps(failure))


main()
