"""Show and change the kubeconfig: contexts, clusters, users.

The files are that of --kubeconfig alone, else those of $KUBECONFIG, else ~/.kube/config.
"""

COMMANDS = {
    "view": "show all of it, secrets left out",
    "current-context": "print the name of the current context",
    "get-contexts": "list the contexts",
    "get-clusters": "list the clusters",
    "get-users": "list the users",
    "use-context": "make a context the current one",
    "use": "the same, shorter",
    "set-context": "make or change a context",
    "set-cluster": "make or change a cluster",
    "set-credentials": "make or change a user",
    "rename-context": "give a context another name",
    "delete-context": "remove a context",
    "delete-cluster": "remove a cluster",
    "delete-user": "remove a user",
    "set": "set one value, named by a path such as contexts.dev.namespace",
    "unset": "remove one value",
}
