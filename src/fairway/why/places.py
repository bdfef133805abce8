"""Places: where the API has what can be asked about: (group, plural) by kind."""

PLACES = {
    "Service": ("", "services"), "Pod": ("", "pods"), "Ingress": ("networking.k8s.io", "ingresses"),
    "Deployment": ("apps", "deployments"), "ReplicaSet": ("apps", "replicasets"), "DaemonSet": ("apps", "daemonsets"),
    "StatefulSet": ("apps", "statefulsets"), "ReplicationController": ("", "replicationcontrollers"),
    "Job": ("batch", "jobs"), "CronJob": ("batch", "cronjobs"),
}  # fmt: skip
