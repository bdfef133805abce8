"""Failed call: what to do about a failure of the operating system, for a person.  Pure."""

import errno

_CURES = {
    errno.ENOSPC: "make room where it is written: df -h",
    errno.EDQUOT: "make room within the quota: quota -s",
    errno.EROFS: "make it writable, or name another folder: mount | grep ro,",
    errno.EACCES: "run it as root: sudo fairway ...; or give this user the right: ls -l",
    errno.EPERM: "run it as root: sudo fairway ...",
    errno.EMFILE: "allow more open files: ulimit -n 65536",
    errno.ENFILE: "allow more open files: sudo sysctl -w fs.file-max=1000000",
    errno.ENOMEM: "make memory free: free -m; ps aux --sort=-rss | head",
    errno.EADDRINUSE: "end what listens there: sudo ss -lntup",
    errno.ECONNREFUSED: "start the cluster: sudo fairway up",
    errno.ENOENT: "name one that exists: ls",
    errno.EISDIR: "name a file, not a folder: ls",
    errno.ENOTDIR: "name a folder, not a file: ls",
}


def cure(error: OSError) -> str:
    """The command to run."""
    return _CURES.get(error.errno or 0, "look for what is wrong with this machine: sudo fairway doctor")
