"""Create a Secret."""

COMMANDS = {
    "docker-registry": "a Secret with which pods pull images from a registry",
    "generic": "a Secret from literals, files, folders or files of variables",
    "tls": "a Secret with a certificate and its key",
}
