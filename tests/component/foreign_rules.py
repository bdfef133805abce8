"""Rules as Docker, firewalld and libvirt have them in the kernel, for a guest of theirs at ``GUEST`` behind ``DEVICE``.

Written anew after their documentation and `nft list ruleset` beside them; only what touches forwarded traffic.
"""

from typing import Final, NamedTuple

DEVICE: Final = "guest0"
GUEST: Final = "172.17.0.2"
GATEWAY: Final = "172.17.0.1"
PUBLISHED: Final = 8088
"""Where Docker publishes port 8080 of its container."""


class Foreign(NamedTuple):
    """One program's rules: ``load`` loads them, ``reload`` does what its reload does, ``tables`` are its tables."""

    name: str
    load: str
    reload: str
    tables: tuple[str, ...]


_DOCKER_NAT = f"""
table ip nat {{
  chain DOCKER {{
    iifname != "{DEVICE}" tcp dport {{ {PUBLISHED}, 30088 }} counter dnat to {GUEST}:8080
  }}
  chain PREROUTING {{ type nat hook prerouting priority -100; policy accept;
    fib daddr type local counter jump DOCKER
  }}
  chain OUTPUT {{ type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump DOCKER
  }}
  chain POSTROUTING {{ type nat hook postrouting priority 100; policy accept;
    oifname != "{DEVICE}" ip saddr 172.17.0.0/16 counter masquerade
  }}
}}
"""

_DOCKER_FILTER = f"""
table ip filter {{
  chain DOCKER-USER {{
    ct state established,related accept
    ct status dnat accept
  }}
  chain DOCKER {{
    iifname != "{DEVICE}" oifname "{DEVICE}" ip daddr {GUEST} tcp dport 8080 accept
    iifname != "{DEVICE}" oifname "{DEVICE}" drop
  }}
  chain FORWARD {{ type filter hook forward priority 0; policy drop;
    jump DOCKER-USER
    oifname "{DEVICE}" ct state established,related accept
    jump DOCKER
    iifname "{DEVICE}" accept
  }}
}}
"""

DOCKER_IPTABLES: Final = Foreign(
    "docker with iptables-nft",
    _DOCKER_NAT + _DOCKER_FILTER,
    "delete table ip nat\ndelete table ip filter\n" + _DOCKER_NAT + _DOCKER_FILTER,
    ("ip nat", "ip filter"),
)

_DOCKER_BRIDGES = f"""
table ip docker-bridges {{
  chain filter-forward {{ type filter hook forward priority 0; policy accept;
    oifname "{DEVICE}" ct state established,related accept
    iifname "{DEVICE}" accept
    oifname "{DEVICE}" ip daddr {GUEST} tcp dport 8080 accept
    oifname "{DEVICE}" ct status dnat accept
    oifname "{DEVICE}" drop
  }}
  chain nat-prerouting-and-output {{
    iifname != "{DEVICE}" tcp dport {{ {PUBLISHED}, 30088 }} dnat to {GUEST}:8080
  }}
  chain nat-prerouting {{ type nat hook prerouting priority -100; policy accept;
    fib daddr type local jump nat-prerouting-and-output
  }}
  chain nat-output {{ type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local jump nat-prerouting-and-output
  }}
  chain nat-postrouting {{ type nat hook postrouting priority 100; policy accept;
    oifname != "{DEVICE}" ip saddr 172.17.0.0/16 masquerade
  }}
}}
"""

DOCKER_NFT: Final = Foreign(
    "docker with nftables",
    _DOCKER_BRIDGES,
    "delete table ip docker-bridges\n" + _DOCKER_BRIDGES,
    ("ip docker-bridges",),
)

_FIREWALLD = """
table inet firewalld {
  chain mangle_PREROUTING { type filter hook prerouting priority -140; policy accept;
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain nat_PREROUTING { type nat hook prerouting priority -90; policy accept; }
  chain nat_OUTPUT { type nat hook output priority -90; policy accept; }
  chain nat_POSTROUTING { type nat hook postrouting priority 110; policy accept;
    oifname "cl" meta nfproto ipv4 ct state new masquerade
  }
  chain filter_INPUT { type filter hook input priority 10; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD { type filter hook forward priority 10; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
}
"""

FIREWALLD: Final = Foreign("firewalld", _FIREWALLD, "delete table inet firewalld\n" + _FIREWALLD, ("inet firewalld",))

_LIBVIRT = f"""
table ip libvirt_network {{
  chain guest_output {{
    ip saddr 172.17.0.0/16 iifname "{DEVICE}" counter accept
    iifname "{DEVICE}" counter reject
  }}
  chain guest_input {{
    oifname "{DEVICE}" ip daddr 172.17.0.0/16 ct state established,related counter accept
    oifname "{DEVICE}" counter reject
  }}
  chain guest_nat {{ type nat hook postrouting priority 100; policy accept;
    ip saddr 172.17.0.0/16 ip daddr 224.0.0.0/24 counter return
    meta l4proto tcp ip saddr 172.17.0.0/16 ip daddr != 172.17.0.0/16 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 172.17.0.0/16 ip daddr != 172.17.0.0/16 counter masquerade to :1024-65535
    ip saddr 172.17.0.0/16 ip daddr != 172.17.0.0/16 counter masquerade
  }}
  chain forward {{ type filter hook forward priority 0; policy accept;
    jump guest_input
    jump guest_output
  }}
}}
"""

LIBVIRT: Final = Foreign("libvirt", _LIBVIRT, "delete table ip libvirt_network\n" + _LIBVIRT, ("ip libvirt_network",))

ALL: Final = (DOCKER_IPTABLES, DOCKER_NFT, FIREWALLD, LIBVIRT)
