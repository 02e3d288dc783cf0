#pragma once
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

// Swift cannot call MHD_start_daemon, which is variadic. A thread for each connection, so that a
// handler may block (the Runtime API's long poll does); poll, because select ends at descriptor 1023.
// ITC is what MHD_quiesce_daemon wakes the threads with.
// Without MHD_OPTION_LISTENING_ADDRESS_REUSE, which would also set SO_REUSEPORT and let two servers share a port.
// NULL when the address cannot be bound; errno says why.
static inline struct MHD_Daemon *cmhd_start(
    uint16_t port, MHD_AccessHandlerCallback handler, void *context,
    MHD_RequestCompletedCallback completed, void *(*uri_log)(void *, const char *, struct MHD_Connection *)) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, port, NULL, NULL,
        handler, context,
        MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, uri_log, NULL,
        // Holds the request line and headers, and the piece of the body that is handed over at once.
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)256 * 1024,
        MHD_OPTION_END);
}

// The port that was bound, which is the one asked for unless that was 0; 0 when unknown.
static inline uint16_t cmhd_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

// What a content reader returns to break off; Swift does not see the cast in the macro.
static const ssize_t cmhd_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;
