/*
 * -netdev user: the options, their addresses and forwarding rules. The network itself is slirp.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/net-int.h"

#include <arpa/inet.h>
#include <string.h>

#include "qom/property.h"
#include "qom/user-creatable.h"
#include "system/net.h"
#include "util/bits.h"
#include "util/keyval.h"

/* ---- hostfwd=[tcp|udp]:[addr]:port-[addr]:port, any number of times ---- */

static void hostfwd_free(gpointer p)
{
    HostFwd *f = p;

    g_free(f->text);
    g_free(f);
}

/* Four numbers; the abbreviations of inet_aton(), where 10.0.2 is 10.0.0.2, are slips here. */
static bool parse_ip4(const char *text, struct in_addr *out)
{
    return inet_pton(AF_INET, text, out) == 1;
}

/* "[addr]:port" */
static bool parse_end(const char *text, size_t len, uint64_t min_port, struct in_addr *addr,
                      int *port)
{
    g_autofree char *s = g_strndup(text, len);
    char *colon = strrchr(s, ':');
    uint64_t v;

    if (!colon) {
        return false;
    }
    *colon = 0;
    addr->s_addr = INADDR_ANY;
    if ((s[0] && !parse_ip4(s, addr)) || !parse_u64("port", colon + 1, min_port, 65535, &v, NULL)) {
        return false;
    }
    *port = v;
    return true;
}

static bool parse_rule(const char *text, HostFwd *f)
{
    const char *colon = strchr(text, ':');
    const char *dash = colon ? strrchr(colon, '-') : NULL;

    if (!dash) {
        return false;
    }
    if (colon == text || (colon - text == 3 && !strncmp(text, "tcp", 3))) {
        f->udp = false;
    } else if (colon - text == 3 && !strncmp(text, "udp", 3)) {
        f->udp = true;
    } else {
        return false;
    }
    return parse_end(colon + 1, dash - colon - 1, 0, &f->host_addr, &f->host_port) &&
           parse_end(dash + 1, strlen(dash + 1), 1, &f->guest_addr, &f->guest_port);
}

static bool hostfwd_parse(Object *obj, const Property *p, void *field, const char *text,
                          Error **errp)
{
    GPtrArray **list = field;
    HostFwd f = { 0 };

    if (!parse_rule(text, &f)) {
        error_setg(errp, "invalid host forwarding rule '%s': expected "
                   "[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport", text);
        return false;
    }
    f.text = g_strdup(text);
    if (!*list) {
        *list = g_ptr_array_new_with_free_func(hostfwd_free);
    }
    g_ptr_array_add(*list, g_memdup2(&f, sizeof(f)));
    return true;
}

/* ---- The same while the machine runs ---- */

static UserNet *user_net(NetBackend *nb, Error **errp)
{
    UserNet *un = (UserNet *)object_dynamic_cast(nb, TYPE_NETDEV_USER);

    if (!un) {
        error_setg(errp, "netdev '%s' is no user network", nb->parent_obj.name);
    }
    return un;
}

char *net_connections(NetBackend *nb)
{
    UserNet *un = (UserNet *)object_dynamic_cast(nb, TYPE_NETDEV_USER);

    return un ? user_net_info(un) : NULL;
}

bool net_hostfwd_add(NetBackend *nb, const char *rule, Error **errp)
{
    UserNet *un = user_net(nb, errp);
    GPtrArray *list;

    if (!un || !hostfwd_parse(NULL, NULL, &un->hostfwd, rule, errp)) {
        return false;
    }
    list = un->hostfwd;
    if (!user_net_forward(un, g_ptr_array_index(list, list->len - 1), true, errp)) {
        g_ptr_array_remove_index(list, list->len - 1);
        return false;
    }
    return true;
}

bool net_hostfwd_remove(NetBackend *nb, const char *rule, Error **errp)
{
    UserNet *un = user_net(nb, errp);
    g_autofree char *whole = strchr(rule, '-') ? g_strdup(rule) : g_strconcat(rule, "-:1", NULL);
    HostFwd f = { .text = (char *)rule };

    if (!un) {
        return false;
    }
    if (!parse_rule(whole, &f)) {
        error_setg(errp, "invalid rule '%s': expected [tcp|udp]:[hostaddr]:hostport", rule);
        return false;
    }
    if (!user_net_forward(un, &f, false, errp)) {
        return false;
    }
    for (guint i = 0; un->hostfwd && i < un->hostfwd->len; i++) {
        const HostFwd *h = g_ptr_array_index(un->hostfwd, i);

        if (h->udp == f.udp && h->host_port == f.host_port &&
            h->host_addr.s_addr == f.host_addr.s_addr) {
            g_ptr_array_remove_index(un->hostfwd, i);
            break;
        }
    }
    return true;
}

static char *hostfwd_print(const Object *obj, const Property *p, const void *field)
{
    GPtrArray *list = *(GPtrArray *const *)field;
    GString *s = g_string_new(NULL);

    for (guint i = 0; list && i < list->len; i++) {
        g_string_append_printf(s, "%s%s", i ? "," : "",
                               ((HostFwd *)g_ptr_array_index(list, i))->text);
    }
    return g_string_free(s, FALSE);
}

static void list_default(const Property *p, void *field)
{
    *(GPtrArray **)field = NULL;
}

static void list_release(const Property *p, void *field)
{
    if (*(GPtrArray **)field) {
        g_ptr_array_unref(*(GPtrArray **)field);
    }
}

static bool strings_parse(Object *obj, const Property *p, void *field, const char *text,
                          Error **errp)
{
    GPtrArray **list = field;

    if (!*list) {
        *list = g_ptr_array_new_with_free_func(g_free);
    }
    g_ptr_array_add(*list, g_strdup(text));
    return true;
}

static char *strings_print(const Object *obj, const Property *p, const void *field)
{
    GPtrArray *list = *(GPtrArray *const *)field;
    GString *s = g_string_new(NULL);

    for (guint i = 0; list && i < list->len; i++) {
        g_string_append_printf(s, "%s%s", i ? "," : "", (char *)g_ptr_array_index(list, i));
    }
    return g_string_free(s, FALSE);
}

/* Both take one element at a time: the option may be repeated. */
static const PropertyType prop_hostfwd = {
    .name = "rule", .parse = hostfwd_parse, .print = hostfwd_print,
    .set_default = list_default, .release = list_release, .repeatable = true,
};
static const PropertyType prop_strings = {
    .name = "str", .parse = strings_parse, .print = strings_print,
    .set_default = list_default, .release = list_release, .repeatable = true,
};

/* ---- Addresses ---- */

static bool bad(const char *key, const char *value, const char *expected, Error **errp)
{
    error_setg(errp, "invalid value '%s' for '%s': expected %s", value, key, expected);
    return false;
}

/* The mask that goes with a network written without one: that of the private block it is in. */
static uint32_t natural_mask(uint32_t net)
{
    if ((net & 0xfff00000) == 0xac100000) {
        return 0xfff00000;
    }
    if ((net & 0xffff0000) == 0xc0a80000) {
        return 0xffff0000;
    }
    return net & 0x80000000 ? 0xffffff00 : 0xff000000;
}

static bool parse_net4(UserNet *un, Error **errp)
{
    const char *text = un->net ? un->net : "10.0.2.0/24";
    g_auto(GStrv) part = g_strsplit(text, "/", 2);
    uint32_t mask;
    uint64_t bits;
    struct in_addr m;

    if (!parse_ip4(part[0], &un->a_net)) {
        return bad("net", text, "an address such as 10.0.2.0/24", errp);
    }
    if (!part[1]) {
        mask = natural_mask(ntohl(un->a_net.s_addr));
    } else if (parse_u64("net", part[1], 4, 30, &bits, NULL)) {
        mask = UINT32_MAX << (32 - bits);
    } else if (strchr(part[1], '.') && parse_ip4(part[1], &m)) {
        mask = ntohl(m.s_addr);
    } else {
        return bad("net", text, "a mask of 4 to 30 bits", errp);
    }
    if ((~mask & (~mask + 1)) || ~mask < 3 || mask == 0) {
        return bad("net", text, "a mask of 4 to 30 bits", errp);
    }
    un->a_mask.s_addr = htonl(mask);
    un->a_net.s_addr &= un->a_mask.s_addr;
    return true;
}

/* An address inside the network; by default its number `def`. */
static bool parse_in_net4(UserNet *un, const char *key, const char *text, uint32_t def,
                          struct in_addr *out, Error **errp)
{
    if (!text) {
        out->s_addr = un->a_net.s_addr | (htonl(def) & ~un->a_mask.s_addr);
        return true;
    }
    if (!parse_ip4(text, out)) {
        return bad(key, text, "an IPv4 address", errp);
    }
    if ((out->s_addr & un->a_mask.s_addr) != un->a_net.s_addr) {
        return bad(key, text, "an address inside the network of 'net'", errp);
    }
    return true;
}

static bool parse_v4(UserNet *un, Error **errp)
{
    if (!parse_net4(un, errp) ||
        !parse_in_net4(un, "host", un->host, 2, &un->a_host, errp) ||
        !parse_in_net4(un, "dns", un->dns, 3, &un->a_dns, errp) ||
        !parse_in_net4(un, "dhcpstart", un->dhcpstart, 15, &un->a_dhcp, errp)) {
        return false;
    }
    if (un->a_host.s_addr == un->a_dns.s_addr) {
        error_setg(errp, "'host' and 'dns' have the same address");
        return false;
    }
    if (un->a_dhcp.s_addr == un->a_host.s_addr || un->a_dhcp.s_addr == un->a_dns.s_addr) {
        error_setg(errp, "'dhcpstart' is the address of 'host' or 'dns'");
        return false;
    }
    return true;
}

static bool parse_in_net6(UserNet *un, const char *key, const char *text, uint8_t def,
                          struct in6_addr *out, Error **errp)
{
    if (!text) {
        *out = un->a6_net;
        out->s6_addr[15] |= def;
        return true;
    }
    if (inet_pton(AF_INET6, text, out) != 1) {
        return bad(key, text, "an IPv6 address", errp);
    }
    for (unsigned i = 0; i < un->a6_prefix; i++) {
        if ((out->s6_addr[i / 8] ^ un->a6_net.s6_addr[i / 8]) & (0x80 >> (i % 8))) {
            return bad(key, text, "an address inside the network of 'ipv6-net'", errp);
        }
    }
    return true;
}

static bool parse_v6(UserNet *un, Error **errp)
{
    const char *text = un->ipv6_net ? un->ipv6_net : "fec0::/64";
    g_auto(GStrv) part = g_strsplit(text, "/", 2);
    uint64_t bits = 64;

    if (inet_pton(AF_INET6, part[0], &un->a6_net) != 1 ||
        (part[1] && !parse_u64("ipv6-net", part[1], 0, 126, &bits, NULL))) {
        return bad("ipv6-net", text, "a network such as fec0::/64", errp);
    }
    un->a6_prefix = bits;
    return parse_in_net6(un, "ipv6-host", un->ipv6_host, 2, &un->a6_host, errp) &&
           parse_in_net6(un, "ipv6-dns", un->ipv6_dns, 3, &un->a6_dns, errp);
}

/* ---- The object ---- */

static bool user_complete(Object *obj, Error **errp)
{
    UserNet *un = USER_NET(obj);

    if (!un->ipv4 && !un->ipv6) {
        error_setg(errp, "ipv4=off and ipv6=off leave no network");
        return false;
    }
    if (!parse_v4(un, errp) || !parse_v6(un, errp)) {
        return false;
    }
    if (un->hostname && strlen(un->hostname) > 255) {
        error_setg(errp, "'hostname' is longer than 255 characters");
        return false;
    }
    if (un->dnssearch) {
        g_ptr_array_add(un->dnssearch, NULL);
    }
    return user_net_start(un, errp);
}

static void user_instance_finalize(Object *obj)
{
    user_net_stop(USER_NET(obj));
}

static char *user_describe(NetBackend *nb)
{
    UserNet *un = USER_NET(nb);
    char net[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &un->a_net, net, sizeof(net));
    return g_strdup_printf("user,net=%s%s", net, un->restricted ? ",restrict=on" : "");
}

static const Property user_props[] = {
    PROP_BOOL("ipv4", UserNet, ipv4, true, "IPv4"),
    PROP_STR("net", UserNet, net, NULL, "the guest's network (default: 10.0.2.0/24)"),
    PROP_STR("host", UserNet, host, NULL, "the host in it (default: number 2)"),
    PROP_STR("dns", UserNet, dns, NULL, "the name server in it (default: number 3)"),
    PROP_STR("dhcpstart", UserNet, dhcpstart, NULL, "first address given out (default: number 15)"),
    PROP_BOOL("ipv6", UserNet, ipv6, true, "IPv6"),
    PROP_STR("ipv6-net", UserNet, ipv6_net, NULL, "the guest's network (default: fec0::/64)"),
    PROP_STR("ipv6-host", UserNet, ipv6_host, NULL, "the host in it (default: number 2)"),
    PROP_STR("ipv6-dns", UserNet, ipv6_dns, NULL, "the name server in it (default: number 3)"),
    PROP_BOOL("restrict", UserNet, restricted, false, "no connections but by hostfwd"),
    PROP_STR("hostname", UserNet, hostname, NULL, "the guest's name, told by DHCP"),
    PROP_STR("domainname", UserNet, domainname, NULL, "its domain, told by DHCP"),
    { PROP_(prop_strings, "dnssearch", UserNet, dnssearch),
      .help = "domain to search, told by DHCP; may be repeated" },
    PROP_STR("tftp", UserNet, tftp, NULL, "folder to offer by TFTP"),
    PROP_STR("bootfile", UserNet, bootfile, NULL, "file to boot, told by DHCP"),
    PROP_STR("tftp-server-name", UserNet, tftp_server_name, NULL, "TFTP server, told by DHCP"),
    { PROP_(prop_hostfwd, "hostfwd", UserNet, hostfwd),
      .help = "[tcp|udp]:[addr]:port-[addr]:port, host to guest; may be repeated" },
    PROP_END
};

static void user_class_init(ObjectClass *klass, const void *data)
{
    klass->props = user_props;
    NETDEV_CLASS(klass)->describe = user_describe;
    user_creatable_set_complete(klass, user_complete);
}

static const TypeInfo user_type = {
    .name = TYPE_NETDEV_USER,
    .parent = TYPE_NETDEV,
    .desc = "network of its own, reached through the host's sockets",
    .instance_size = sizeof(UserNet),
    .class_init = user_class_init,
    .instance_finalize = user_instance_finalize,
};
type_init(user_type);
