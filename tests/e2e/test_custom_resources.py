"""Custom kinds with the real kubectl, from the oldest to the newest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Cluster

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: CronTab runs things.
        properties:
          spec:
            type: object
            description: What is wanted.
            x-kubernetes-validations:
            - {rule: "self.replicas <= 10", message: at most ten}
            properties:
              cronSpec: {type: string, description: When it runs.}
              image: {type: string}
              replicas: {type: integer, minimum: 1, default: 1}
          status: {type: object, properties: {replicas: {type: integer}}}
"""
OBJECT = """
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: my}
spec: {cronSpec: "* * * * *", image: one}
"""
KIND = "crontabs.stable.example.com"


@pytest.fixture(scope="module")
def served(cluster: Cluster) -> Iterator[Cluster]:
    cluster.kubectl("apply", "-f", "-", text=DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{KIND}", "--timeout=10s")
    yield cluster
    cluster.kubectl("delete", "crd", KIND)
    assert cluster.run("get", KIND).returncode == 1


@pytest.fixture
def namespace(served: Cluster, any_kubectl: str) -> Iterator[str]:
    name = "crd-" + Path(any_kubectl).name.replace(".", "-")
    served.kubectl("create", "namespace", name)
    yield name
    served.kubectl("delete", "namespace", name)


def test_a_custom_object_lives_as_any_other(served: Cluster, namespace: str, any_kubectl: str) -> None:
    def typed(*words: str, text: str = "") -> str:
        return served.kubectl("-n", namespace, *words, program=any_kubectl, text=text)

    def refused(*words: str, text: str = "") -> str:
        done = served.run("-n", namespace, *words, program=any_kubectl, text=text)
        assert done.returncode == 1, done.stdout
        return done.stderr

    assert typed("apply", "-f", "-", text=OBJECT) == "crontab.stable.example.com/my created\n"
    assert typed("get", "ct").split()[:-1] == ["NAME", "SPEC", "REPLICAS", "AGE", "my", *"*****", "1"]
    assert "crontab.stable.example.com/my" in typed("get", "all")
    changed = OBJECT.replace("one", "two")
    assert typed("apply", "-f", "-", text=changed) == "crontab.stable.example.com/my configured\n"
    assert typed("apply", "-f", "-", text=changed) == "crontab.stable.example.com/my unchanged\n"
    assert typed("scale", "--replicas=3", "ct/my") == "crontab.stable.example.com/my scaled\n"
    assert typed("get", "ct", "my", "-o", "jsonpath={.spec.replicas} {.metadata.generation}") == "3 3"
    assert "spec.replicas: Invalid value: 0" in refused(
        "patch", "ct", "my", "--type=merge", "-p", '{"spec":{"replicas":0}}'
    )
    assert "at most ten" in refused("patch", "ct", "my", "--type=merge", "-p", '{"spec":{"replicas":20}}')
    assert "unknown field" in refused("create", "-f", "-", text=OBJECT.replace("image", "imag").replace("my", "other"))
    explained = typed("explain", "crontab.spec.cronSpec")
    assert "When it runs." in explained
    assert "string" in explained
    assert "Cron Spec:  * * * * *" in typed("describe", "ct", "my")
    assert typed("delete", "ct", "my").startswith('crontab.stable.example.com "my" deleted')
